#!/bin/sh
# Builds core, alloc and compiler_builtins for a bare-metal target and puts them where rustup
# would have, for machines whose rustup may not download.
#
#   sh build-target-libraries.sh SYSROOT    with RUSTUP_TOOLCHAIN set
#
# The sources must be those of the compiler: the sysroot's rust-src if it is there, else Debian's
# package rust-src of the same release. RUSTC_BOOTSTRAP and -Zbuild-std, which are otherwise
# nightly's, occur in this one build only; the project itself is built by plain stable cargo.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"

rustlib=$1/lib/rustlib
source=$rustlib/src/rust
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# Suites whose rust-src follows upstream closely, the one nearest to a stable release first.
suites="trixie-backports forky sid"

main() {
  [ -w "$rustlib" ] || die "$rustlib must be writable to add $target: please run this once as its owner"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM
  if ! has_source && ! fetch_source; then
    say "no rust-src $release to be had; asking rustup after all"
    rustup target add "$target" >&2 && return
    die "Rust $release has no $target, and there are no sources to build it from"
  fi
  say "building core and alloc for $target (half a minute, once)"
  build
  put_in_place
}

has_source() { [ -f "$source/library/core/Cargo.toml" ]; }

# apt runs with lists, sources and cache of its own, so the machine's are not touched.
private_apt() {
  command=$1
  shift
  APT_CONFIG=$work/apt.conf "$command" -qq "$@"
}

use_suite() {
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  echo "deb [signed-by=$keyring] $1 $2 main" >"$work/sources.list"
  cat >"$work/apt.conf" <<CONF
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$work/lists";
Dir::Cache "$work/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
CONF
  private_apt apt-get update >&2
}

fetch_source() {
  command -v apt-get >/dev/null && [ -f "$keyring" ] || return 1
  mirror=$default_mirror
  [ "$(os_release ID)" != debian ] || mirror=$(mirror_of "$(os_release VERSION_CODENAME)")
  for suite in $suites; do
    say "looking for rust-src $release in Debian $suite"
    use_suite "$mirror" "$suite" || continue
    version=$(private_apt apt-cache madison rust-src |
      awk -v release="$release" 'index($3, release "+") == 1 { print $3; exit }')
    [ -n "$version" ] || continue
    (cd "$work" && private_apt apt-get download "rust-src=$version" >&2) || continue
    unpack_source && has_source && return
  done
  return 1
}

unpack_source() {
  dpkg-deb --fsys-tarfile "$work"/rust-src_*.deb |
    tar -xf - -C "$work" "./usr/src/rustc-$release/library" &&
    mkdir -p "$source" &&
    rm -rf "$source/library" &&
    mv "$work/usr/src/rustc-$release/library" "$source/library"
}

# An empty crate that makes cargo build the libraries below it.
#   embed-bitcode        the kernel's profile may then ask for link-time optimisation
#   force-frame-pointers backtraces reach through core
#   remap-path-prefix    panics inside core name the same paths as the released libraries,
#                        so that a binary does not depend on where the toolchain lies
build() {
  commit=$(rustc -vV | sed -n 's/^commit-hash: //p')
  mkdir -p "$work/seed/src"
  echo '#![no_std]' >"$work/seed/src/lib.rs"
  cat >"$work/seed/Cargo.toml" <<'MANIFEST'
[package]
name = "seed"
version = "0.0.0"
edition = "2024"

[profile.release]
codegen-units = 1
debug = 1
panic = "abort"
MANIFEST
  (
    cd "$work/seed"
    unset CARGO_BUILD_TARGET CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS RUSTC_WRAPPER
    RUSTFLAGS="-Cembed-bitcode=yes -Zunstable-options -Cforce-frame-pointers=non-leaf"
    RUSTFLAGS="$RUSTFLAGS --remap-path-prefix=$source=/rustc/$commit"
    RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$work/built
    export RUSTFLAGS RUSTC_BOOTSTRAP CARGO_TARGET_DIR
    cargo build --quiet --release --target "$target" -Zbuild-std=core,alloc >&2
  )
}

# Complete in a folder beside the final one, then one rename: a build that runs meanwhile sees
# all of the target or nothing of it. Of two set-ups at the same time the first one wins.
put_in_place() {
  final=$rustlib/$target/lib
  stage=$final.$$
  mkdir -p "$stage"
  for crate in core alloc compiler_builtins; do
    cp "$work/built/$target/release/deps/lib$crate"-*.rlib \
      "$work/built/$target/release/deps/lib$crate"-*.rmeta "$stage/"
  done
  rustc -V >"$stage/built-for"
  if [ -e "$final/built-for" ] && cmp -s "$stage/built-for" "$final/built-for"; then
    rm -rf "$stage"
    return
  fi
  rm -rf "$final"
  mv "$stage" "$final"
}

main
