#!/bin/sh
# Starts PostgreSQL as the official image does: at the first start it makes the data directory and what POSTGRES_USER,
# POSTGRES_PASSWORD (or POSTGRES_PASSWORD_FILE) and POSTGRES_DB name.
set -eu
user=${POSTGRES_USER:-postgres}
made=$PGDATA/made-by-entrypoint

if [ "${1#-}" != "$1" ]; then set -- postgres "$@"; fi
if [ "$1" = postgres ] && [ ! -e "$made" ]; then
    password=${POSTGRES_PASSWORD:-$(cat "${POSTGRES_PASSWORD_FILE:-/dev/null}")}
    [ -n "$password" ] || { echo "Set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE." >&2; exit 1; }
    mkdir -p "$PGDATA"
    find "$PGDATA" -mindepth 1 -delete # of a start that was killed
    secret=$(mktemp)
    printf '%s' "$password" > "$secret"
    initdb -D "$PGDATA" -U "$user" --pwfile="$secret" --auth-local=trust --auth-host=scram-sha-256 \
        --encoding=UTF8 --locale=C.UTF-8 --data-checksums > /dev/null
    rm "$secret"
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    echo "listen_addresses = '*'" >> "$PGDATA/postgresql.conf"
    echo "unix_socket_directories = '/var/run/postgresql'" >> "$PGDATA/postgresql.conf"
    database=${POSTGRES_DB:-$user}
    [ "$database" = postgres ] || echo "CREATE DATABASE \"$database\"" | postgres --single -D "$PGDATA" postgres > /dev/null
    touch "$made"
fi
exec "$@"
