#!/usr/bin/env bash
# Installs what `make test` and `make demo` need beside a Rust toolchain, on Debian or Ubuntu. Quick when all is there.
#
# libnss-winbind is left out on purpose: installing it changes /etc/nsswitch.conf.
set -euo pipefail
PACKAGES="samba samba-ad-dc samba-ad-provision winbind python3-samba python3-ldb ldb-tools libnss-wrapper
  slapd ldap-utils openssl bzip2 procps util-linux python3 python3-venv"

missing=()
for package in $PACKAGES; do
  # dpkg-query prints several words for a package that is half removed; only this one means usable
  [ "$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null)" = "install ok installed" ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
  sudo -n true 2>/dev/null || { echo "setup: missing ${missing[*]}: run tests/servers/setup.sh as root" >&2; exit 1; }
  as_root=(sudo -n)
fi
command -v apt-get >/dev/null || { echo "setup: missing ${missing[*]}: install them by this system's package manager" >&2; exit 1; }

install() {
  # a service started by its package would take the ports of the tests; the policy keeps it from starting
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -qq -o DPkg::Lock::Timeout=600 install -y \
    --no-install-recommends "${missing[@]}" >/dev/null 2>&1
}
echo "setup: installing ${missing[*]}"
install || { "${as_root[@]}" apt-get -qq update >/dev/null 2>&1 && install; } ||
  { echo "setup: ${missing[*]} could not be installed: is there a network, and are the package sources right?" >&2; exit 1; }
