#!/usr/bin/env bash
# Builds for Windows on Debian 12 (amd64) and runs the result under Wine, without a display.
#
#   cross.sh setup            installs what is needed, once; quick when all is there
#   cross.sh cargo ARGS...    cargo with Windows as its target; tests and `cargo run` go through Wine
#   cross.sh wine ARGS...     runs a Windows program
#   cross.sh stop             ends every program of the Wine folder
#   cross.sh where            prints the folder, or says in one line what is missing and fails
#
# Everything is kept in ~/.cache/caliper/windows (CALIPER_WINDOWS names another folder), results in target/windows
# ($CARGO_TARGET_DIR/windows): another compiler made them than the ones beside.
#
# Debian's rustc-web is unpacked there and not installed, so neither rustup nor /usr/bin/rustc notices. Its source package
# holds the standard library, which is built for Windows once.
set -euo pipefail
shopt -s nullglob

target=x86_64-pc-windows-gnu
root=$(cd "$(dirname "$0")/../.." && pwd)
home=${CALIPER_WINDOWS:-${XDG_CACHE_HOME:-$HOME/.cache}/caliper/windows}
sysroot=$home/rust/usr
tools=$home/tools
export WINEPREFIX=$home/wine WINEARCH=win64 WINEDEBUG=${WINEDEBUG:--all}
unset DISPLAY
# not /usr/bin/wine, which asks for the 32-bit half
wine=/usr/lib/wine/wine64
wineserver=/usr/lib/wine/wineserver64
# what stands in the folder is whole only with this file, which says of which recipe and compiler it is
recipe=1
compiler_done=$home/compiler
wine_done=$home/wine.ready

packages="gcc libc6-dev gcc-mingw-w64-x86-64-win32 wine64 wixl msitools osslsigncode"

installed() { [ "$(dpkg-query -W -f='${Status}' "$1" 2>/dev/null)" = "install ok installed" ]; }

# Prints what is missing, and nothing if all is there.
missing() {
  for package in $packages; do installed "$package" || printf '%s ' "$package"; done
  [ "$(cut -d' ' -f1 "$compiler_done" 2>/dev/null)" = "$recipe" ] || printf 'the compiler '
  [ "$(cat "$wine_done" 2>/dev/null)" = "$recipe" ] || printf 'the Wine folder '
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
apt() { as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -qq -o DPkg::Lock::Timeout=600 "$@" >/dev/null; }

# The first line of `apt-cache depends` that begins with a word.
dependency() { apt-cache depends "$1" | sed -n "s/.*Depends: \($2[^ ]*\).*/\1/p" | head -n 1; }

install_packages() {
  # without the update an old list may name a compiler that is too old for this workspace
  apt update
  version=$(apt-cache policy rustc-web | awk '/Candidate:/ {print $2}')
  # elsewhere than on Debian 12 there is no such compiler, and the tests skip
  [ -n "$version" ] || { echo "cross: no package rustc-web: the tests for Windows will skip" >&2; exit 0; }
  library=$(dependency "libstd-rust-web-dev=$version" libstd-rust-web-)
  # shellcheck disable=SC2086 # a list of words
  apt install -y --no-install-recommends $packages "$(dependency "$library=$version" libllvm)"
}

unpack_compiler() {
  rm -rf "$home/rust" "$tools" "$home/packages"
  mkdir -p "$home/rust" "$tools" "$home/packages"
  (cd "$home/packages" && apt-get -qq -o APT::Sandbox::User=root download \
    {rustc-web,"$library",libstd-rust-web-dev,rust-web-src,rust-web-clippy}="$version")
  for package in "$home"/packages/*.deb; do
    # the compiler's own source and its documentation are thousands of files that nobody needs here
    dpkg-deb --fsys-tarfile "$package" |
      tar -x -C "$home/rust" --no-wildcards-match-slash --exclude='./usr/src/*/compiler' --exclude='./usr/src/*/src' \
        --exclude=./usr/share
  done
  rm -rf "$home/packages"
  for program in rustc rustdoc cargo-clippy clippy-driver; do
    # bash and not sh, which drops variables such as CARGO_BIN_EXE_caliper-agent
    printf '#!/bin/bash\nLD_LIBRARY_PATH=%q exec %q "$@"\n' "$sysroot/lib/x86_64-linux-gnu" "$sysroot/bin/$program" \
      >"$tools/$program"
    chmod +x "$tools/$program"
  done
}

build_standard_library() {
  build=$home/build
  rm -rf "$build"
  mkdir -p "$build/src"
  # cargo builds the standard library as a dependency of something, so of an empty library
  echo '#![no_std]' >"$build/src/lib.rs"
  printf '[package]\nname = "empty"\nedition = "2024"\n[workspace]\n[profile.release]\ndebug = 0\n' >"$build/Cargo.toml"
  # bitcode lets it take part in link-time optimisation
  (cd "$build" && environment && RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes CARGO_TARGET_DIR=$build/target \
    "$cargo" build --quiet --release -Zbuild-std=std,panic_unwind,proc_macro,test)
  libraries=$sysroot/lib/rustlib/$target/lib
  mkdir -p "$libraries"
  for library in "$build/target/$target"/release/deps/*.rlib; do
    case $library in */libempty-*) ;; *) cp "$library" "$libraries" ;; esac
  done
  rm -rf "$build"
}

make_wine_folder() {
  "$wineserver" -k 2>/dev/null || true
  rm -rf "$WINEPREFIX"
  WINEDLLOVERRIDES="mscoree,mshtml=" "$wine" wineboot -i >"$home/wine.log" 2>&1
  # Wine 8.0 lacks this library, which every Rust program asks for random numbers. Only for tests under Wine.
  system=$WINEPREFIX/drive_c/windows/system32
  x86_64-w64-mingw32-gcc -shared -O2 -s -o "$system/bcryptprimitives.dll" "$root/tests/windows/bcryptprimitives.c" -ladvapi32
  # the machine that the tests expect: a Windows Server 2022 Standard
  "$wine" winecfg -v win10
  current='HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
  while IFS='|' read -r name kind value; do
    "$wine" reg add "$current" /f /v "$name" /t "$kind" /d "$value" >/dev/null
  done <<'VALUES'
ProductName|REG_SZ|Windows Server 2022 Standard
EditionID|REG_SZ|ServerStandard
InstallationType|REG_SZ|Server
CurrentBuildNumber|REG_SZ|20348
CurrentBuild|REG_SZ|20348
DisplayVersion|REG_SZ|21H2
UBR|REG_DWORD|2113
VALUES
  "$wine" reg add 'HKLM\SYSTEM\CurrentControlSet\Control\ProductOptions' /f /v ProductType /t REG_SZ /d ServerNT >/dev/null
  "$wineserver" -w
}

# What cargo needs to know.
environment() {
  # the program itself: the one of rustup would choose a compiler of its own
  cargo=$(if command -v rustup >/dev/null; then rustup which cargo; else command -v cargo; fi)
  export RUSTC=$tools/rustc RUSTDOC=$tools/rustdoc PATH=$tools:$PATH
  export CARGO_BUILD_TARGET=$target CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}/windows
  export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=$wine
  export CC_x86_64_pc_windows_gnu=x86_64-w64-mingw32-gcc AR_x86_64_pc_windows_gnu=x86_64-w64-mingw32-ar
  # nobody looks at these builds with a debugger, and without this they take twice as long
  export CARGO_PROFILE_DEV_DEBUG=${CARGO_PROFILE_DEV_DEBUG:-0}
  unset RUSTC_BOOTSTRAP RUSTC_WRAPPER RUSTUP_TOOLCHAIN
}

setup() {
  [ -n "$(missing)" ] || return 0
  echo "cross: setting up $(missing)in $home"
  command -v apt-get >/dev/null || { echo "cross: no apt-get: the tests for Windows will skip" >&2; exit 0; }
  mkdir -p "$home"
  exec 9>"$home/lock"
  flock 9
  [ -n "$(missing)" ] || return 0
  install_packages
  if [ "$(cat "$compiler_done" 2>/dev/null)" != "$recipe $version" ]; then
    rm -f "$compiler_done"
    unpack_compiler
    build_standard_library
    echo "$recipe $version" >"$compiler_done"
  fi
  if [ "$(cat "$wine_done" 2>/dev/null)" != "$recipe" ]; then
    rm -f "$wine_done"
    # the lock must not be inherited by a Wine that stays
    make_wine_folder 9>&-
    echo "$recipe" >"$wine_done"
  fi
}

ready() {
  [ -z "$(missing)" ] || { echo "no Windows tools ($(missing)missing): run tests/windows/cross.sh setup" >&2; exit 1; }
}

# Starts what every Windows program needs in the background, apart from the caller's pipes, which it would keep open.
# Without -p Wine ends all services a few seconds after the last other program.
awake() {
  "$wineserver" -k0 >/dev/null 2>&1 || { "$wineserver" -p && "$wine" wineboot; } </dev/null >/dev/null 2>&1
}

verb=${1:-}
[ $# -eq 0 ] || shift
case $verb in
  setup) setup ;;
  cargo) ready; environment; case ${1:-} in test | run) awake ;; esac; exec "$cargo" "$@" ;;
  wine) ready; awake; exec "$wine" "$@" ;;
  stop) ready; "$wineserver" -k || true ;;
  where) ready; echo "$home" ;;
  *) sed -n '2,9s/^# \?//p' "$0" >&2; exit 2 ;;
esac
