#!/usr/bin/env bash
# Build every image without a registry: the base and the servers from Debian's packages and our wheels, the services on top.
#   deploy/images/build.sh [base|servers|services]...     default: all three, in this order
# Needs what deploy/ci/install.sh installs and the .venv of `make setup`. What is there already is not made again.
set -euo pipefail
cd "$(dirname "$0")/../.."

BASE=kinerja-base:bookworm
SERVERS=(nats postgres mailbox proxy prometheus)
TAG=${KINERJA_VERSION:-latest}
VENV=.venv
WHEELS=.wheels

build() { # builds quietly; what went wrong is told
    local log
    log=$(mktemp)
    DOCKER_BUILDKIT=0 docker build --force-rm "$@" > "$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; exit 1; }
    rm -f "$log"
}

base() { # Debian 12 with its Python 3.11; apt's own mirror serves it
    docker image inspect $BASE > /dev/null 2>&1 && return
    local excluded=(--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*'
        --dpkgopt='path-exclude=/usr/share/locale/*')
    # Its own helper users may not write below a folder for temporary files that is closed to them.
    mmdebstrap --quiet --variant=minbase --include=ca-certificates,python3,python3-venv "${excluded[@]}" \
        --aptopt='APT::Sandbox::User "root"' bookworm - | docker import --change 'CMD ["python3"]' - $BASE > /dev/null
}

"${@:-base}"
