#!/bin/sh
# Makes the pinned Rust release build for aarch64-unknown-none, and prints the toolchain name to
# use as RUSTUP_TOOLCHAIN. Setting that variable makes rustup take the toolchain as it is on disk,
# without asking its own component list, so both ways of having the target serve:
#
#   rustup may download            rustup target add
#   it may not, or can't           core, alloc and compiler_builtins built here, once, from the
#   (RUSTUP_AUTO_INSTALL=0)        sources of the same release (build-target-libraries.sh)
#
# RUSTUP_AUTO_INSTALL is obeyed and never set for builds: an automatic install replaces a
# toolchain file by file under the feet of every build that is running.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"

main() {
  [ -n "$release" ] || die "rust-toolchain.toml names no channel"
  require_rustup
  toolchain=$(find_toolchain) || install_toolchain
  RUSTUP_TOOLCHAIN=$toolchain
  export RUSTUP_TOOLCHAIN
  sysroot=$(rustc --print sysroot)
  ensure_components
  libraries=$sysroot/lib/rustlib/$target/lib
  has_target || add_target
  echo "$toolchain"
}

may_download() { [ "${RUSTUP_AUTO_INSTALL:-1}" != 0 ]; }

require_rustup() {
  ! command -v rustup >/dev/null || return 0
  home=${CARGO_HOME:-$HOME/.cargo}
  [ ! -x "$home/bin/rustup" ] || die "$home/bin, where rustup is, is not in PATH: please run  . '$home/env'  and try again"
  die "there is no rustup here. Please install it (https://rustup.rs, or the package rustup of newer distributions) and try again."
}

install_toolchain() {
  install="rustup toolchain install $release --profile minimal -c clippy -c rustfmt"
  may_download || die "Rust $release is not installed and RUSTUP_AUTO_INSTALL=0 forbids fetching it. Please run:  $install"
  say "installing Rust $release"
  $install >&2 || die "rustup could not install Rust $release"
  toolchain=$release
}

# Only `make lint` needs these, so where they can't be had the rest should still work.
ensure_components() {
  for pair in cargo-clippy:clippy cargo-fmt:rustfmt; do
    [ -x "$sysroot/bin/${pair%:*}" ] && continue
    if may_download; then
      say "installing ${pair#*:}"
      rustup component add "${pair#*:}" >&2 && continue
    fi
    say "Rust $release has no ${pair#*:} here: 'make lint' will not work"
  done
}

# Libraries that we built say for which compiler: a toolchain called stable may have moved on.
has_target() {
  set -- "$libraries"/libcore-*.rlib
  [ -e "$1" ] || return 1
  [ ! -e "$libraries/built-for" ] || [ "$(cat "$libraries/built-for")" = "$(rustc -V)" ]
}

add_target() {
  # Ours, of another release: rustup's must not land among them.
  [ ! -e "$libraries/built-for" ] || rm -rf "$libraries"
  if may_download; then
    say "installing the Rust target $target"
    if rustup target add "$target" >&2 && has_target; then return; fi
    say "rustup could not fetch it"
  fi
  sh "$here/build-target-libraries.sh" "$sysroot"
  has_target || die "the libraries for $target did not arrive in $libraries"
}

main
