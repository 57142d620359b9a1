#!/usr/bin/env bash
# npm_packages.sh FOLDER: puts what the peers in JavaScript need into the folder. Fails, and says so, where that can't be.
set -euo pipefail
packages=(bullmq@6.7.0 ioredis@6.0.0 graphile-worker@0.17.3 pg-boss@10.4.2 pg@8.16.3)
folder=$1
[[ ${packages[*]} == "$(cat "$folder/installed" 2>/dev/null)" ]] && exit 0
command -v npm >/dev/null || { echo "bench: no npm: peers in JavaScript are left out" >&2; exit 1; }
mkdir -p "$folder"
log=$(npm install --prefix "$folder" --no-save --no-audit --no-fund --loglevel=error "${packages[@]}" 2>&1) ||
  { echo "bench: npm has failed, and peers in JavaScript are left out: ${log##*$'\n'}" >&2; exit 1; }
echo "${packages[*]}" >"$folder/installed"
