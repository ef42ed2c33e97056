#!/usr/bin/env bash
# Writes the three winget manifests of a package into a folder.
#
#   manifest.sh PACKAGE.msi URL VERSION FOLDER
#
# URL is where servers will fetch this very package.
set -euo pipefail
[ $# -eq 4 ] || { sed -n '2,6s/^# \?//p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
package=$1 url=$2 version=$3 folder=$4
case $version in *[!0-9.]* | '') echo "manifest: '$version' is no version such as 1.2.3" >&2; exit 2 ;; esac
case $url in https://*[\|\&\'\ ]*) echo "manifest: the address holds a character that has to be encoded" >&2; exit 2 ;; https://*) ;; *) echo "manifest: winget fetches from https addresses only" >&2; exit 2 ;; esac
digest=$(sha256sum "$package" | cut -d' ' -f1 | tr '[:lower:]' '[:upper:]')
mkdir -p "$folder"
for manifest in "$here"/Caliper.Agent*.yaml; do
  sed -e "s|^PackageVersion: .*|PackageVersion: $version|" -e "s|@URL@|$url|" -e "s|@SHA256@|$digest|" "$manifest" \
    >"$folder/$(basename "$manifest")"
done
