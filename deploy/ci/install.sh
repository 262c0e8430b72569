#!/usr/bin/env bash
# What tests beyond `make test` need on a Debian machine: Docker with Compose, Prometheus, Chromium, a tool that makes base
# images. Run as root; run again, it only does what is missing. Ends with a running engine or with an error that says why.
set -euo pipefail

fail() { echo "install.sh: $*" >&2; exit 1; }
PLUGINS=/usr/local/lib/docker/cli-plugins
LOG=/var/log/dockerd.log
APT=(apt-get -qq -o APT::Sandbox::User=root) # its own user may not write below a /tmp that is closed to it

packages() {
    local wanted=(docker.io iptables mmdebstrap prometheus chromium) missing=()
    command -v npm > /dev/null || wanted+=(nodejs npm) # make test-outside
    for package in "${wanted[@]}"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    [ "$(id -u)" -eq 0 ] || fail "run me as root: ${missing[*]} must be installed."
    # Debian starts what it installs; here nothing may run but the engine, which is started below.
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' > $policy
        chmod +x $policy
        trap "rm -f $policy" EXIT
    fi
    "${APT[@]}" update
    DEBIAN_FRONTEND=noninteractive "${APT[@]}" install -yqq --no-install-recommends "${missing[@]}" > /dev/null
}

compose() { # Debian 12 has version 1 only; the plugin of Debian 13 runs here too
    docker compose version > /dev/null 2>&1 && return
    local work mirror
    work=$(mktemp -d)
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' 'Component: main' | head -n 1)
    [ -n "$mirror" ] || fail "this machine has no Debian mirror in its apt sources; Compose comes from there."
    mkdir -p "$work/lists/partial" "$PLUGINS"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" > "$work/list"
    local apt=("${APT[@]}" -o "Dir::Etc::SourceList=$work/list" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::Lists=$work/lists")
    "${apt[@]}" update
    (cd "$work" && "${apt[@]}" download docker-compose > /dev/null && dpkg -x docker-compose_*.deb unpacked)
    install -m 755 "$(find "$work/unpacked" -path '*cli-plugins/docker-compose' -type f)" "$PLUGINS/docker-compose"
    rm -rf "$work"
    docker compose version > /dev/null || fail "Compose was installed in $PLUGINS and does not start."
}

engine() {
    docker info > /dev/null 2>&1 && return
    [ "$(id -u)" -eq 0 ] || fail "run me as root, or start the Docker engine and let this user use it."
    for _ in $(seq 120); do
        docker info > /dev/null 2>&1 && return
        if ! pgrep -x dockerd > /dev/null; then
            rm -f /var/run/docker.pid # of one that was killed; its number may be somebody else's by now
            setsid nohup dockerd >> $LOG 2>&1 < /dev/null &
        fi
        sleep 0.5
    done
    if /usr/bin/docker info > /dev/null 2>&1; then
        fail "$(command -v docker) cannot talk to this engine, /usr/bin/docker can: put /usr/bin first in PATH."
    fi
    tail -n 20 $LOG >&2 2> /dev/null || true
    fail "the Docker engine does not start; its log is $LOG."
}

packages
compose
engine
docker version --format 'Docker {{.Client.Version}} (client), {{.Server.Version}} (engine)'
docker compose version
