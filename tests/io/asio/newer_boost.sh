#!/usr/bin/env bash
#
# newer_boost.sh FOLDER: puts the headers of a Boost whose Asio has cancellation slots below FOLDER/usr, for the tests of
# `use_task`. Debian's package can't be installed beside the one that is built with, so it is only unpacked. Where it can't be
# had (no Debian, no network) these tests are left out, in words.
set -euo pipefail
into=$1 package=libboost1.81-dev
mkdir -p "$into"
into=$(realpath -- "$into") folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
if command -v dpkg-deb >/dev/null && apt-get download -q "$package" >/dev/null 2>&1 && dpkg-deb -x ./*.deb unpacked; then
  mv unpacked/usr "$into/usr"
else
  echo "dev: no $package to be had: use_task isn't tried with it" >&2
fi
