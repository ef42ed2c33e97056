#!/usr/bin/env bash
# Makes the MSI of the agent on Linux, with wixl and msitools.
#
#   msi.sh PROGRAM.exe PACKAGE.msi [VERSION]
#
# The version is the workspace's unless another one is named. With SIGN_CERTIFICATE and SIGN_KEY (PEM files) program and
# package are signed, with a time stamp if SIGN_TIMESTAMP names a server.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,7s/^# \?//p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
program=$1
package=$(realpath -m "$2")
version=${3:-$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$here/../../Cargo.toml")}

certificate=${SIGN_CERTIFICATE:+$(realpath "$SIGN_CERTIFICATE")}
key=${SIGN_KEY:+$(realpath "$SIGN_KEY")}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sign() {
  if [ -z "$certificate" ]; then cp "$1" "$2"; return; fi
  osslsigncode sign -certs "$certificate" -key "$key" -h sha256 -n "Caliper agent" \
    ${SIGN_TIMESTAMP:+-ts "$SIGN_TIMESTAMP"} -in "$1" -out "$2" >/dev/null
}

# wixl finds files in the current folder only
sign "$program" "$work/caliper-agent.exe"
cp "$here/agent.wxs" "$work"
cd "$work"
wixl -a x64 -D "Version=$version" -o unsigned.msi agent.wxs
query() { msibuild unsigned.msi -q "$1"; }
# wixl puts this where Windows Installer does not allow it; here the old version goes before the new one comes
query "UPDATE \`InstallExecuteSequence\` SET \`Sequence\` = 1450 WHERE \`Action\` = 'RemoveExistingProducts'"
# wixl knows no Property/@Secure: what an ordinary user's client hands over to the installer
query "UPDATE \`Property\` SET \`Value\` = \
'WIX_DOWNGRADE_DETECTED;WIX_UPGRADE_DETECTED;SERVER;ENROLLTOKENFILE;PROXY;SITE;TAGS;LOGLEVEL;STARTSERVICE;PURGE;INSTALLFOLDER' \
WHERE \`Property\` = 'SecureCustomProperties'"
sign unsigned.msi "$package"
