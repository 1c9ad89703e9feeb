#!/bin/sh
# As in the official image: started as root, it gives the data folder to the user postgres and goes
# on as that one; at the first start it makes a database with the password that a file holds.
set -e
if [ "$(id -u)" -eq 0 ]; then
    mkdir -p "$PGDATA"
    find /var/lib/postgresql ! -user postgres -exec chown postgres '{}' +
    exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    initdb --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE"
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
fi
# an image of its own listens for other containers
exec "$@" -c listen_addresses='*'
