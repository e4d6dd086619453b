#!/bin/sh
# Runs the sync script in a deploy: sh schema-sync/deploy.sh --apply
# It uses Deno from the image, or else from npm. It downloads only the script's
# client, and checks it against deploy.lock.
here=$(dirname "$0")
if command -v deno > /dev/null 2>&1; then
  deno=deno
elif command -v npx > /dev/null 2>&1; then
  deno="npx -y deno@2.9.6"
else
  echo "error: there is neither deno nor npx here" >&2
  echo "  Add one of them to the image; for Python, the package deno==2.9.6" >&2
  exit 1
fi
# shellcheck disable=SC2086
exec $deno run --no-prompt --node-modules-dir=none --no-config \
  --lock="$here/deploy.lock" --frozen \
  --allow-net --allow-read --allow-write=.embedded-db,/var/run/postgresql \
  "--allow-env=DATABASE_URL,USER,INIT_CWD,NO_COLOR,FORCE_COLOR,PG*" \
  "$here/sync-production-schema.ts" "$@"
