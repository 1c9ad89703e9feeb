#!/bin/sh
# As in the official images: started as root, it gives the data folder to the server's own user
# and runs the server as that one.
set -e
if [ "$(id -u)" -eq 0 ]; then
    find "$SERVICE_DATA" ! -user "$SERVICE_USER" -exec chown "$SERVICE_USER" '{}' +
    exec setpriv --reuid="$SERVICE_USER" --regid="$SERVICE_USER" --clear-groups -- "$@"
fi
exec "$@"
