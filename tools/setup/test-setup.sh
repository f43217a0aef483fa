#!/bin/sh
# Runs the set-up where nothing is set up: in a fresh, minimal system of the running release, or
# of the release that is named.
#
#   sh tools/setup/test-setup.sh [CODENAME]
#
# The machine at hand has long had its tools, so there the set-up only ever looks and returns.
# Here debootstrap builds a room with nothing but `make` in it; a clean copy of HEAD goes in, and
# the machine's rustup with the pinned toolchain, less the bare-metal target. Then a newcomer's
# `make setup` has to do all of it. check-setup.sh, run inside, says whether it did.
#
# Needs root, about 3 GB in /var/tmp (or TMPDIR) for its time, and some minutes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"

repository=$(cd "$here/../.." && pwd)
# No set-up of this user may be reached from the room, so it has its own environment. These
# pass: they say how this machine reaches the network, and what rustup may do.
kept_variables="RUSTUP_AUTO_INSTALL RUSTUP_DIST_SERVER http_proxy https_proxy no_proxy"
nobody=65534:65534

main() {
  require_root "$@"
  codename=${1:-$(os_release VERSION_CODENAME)}
  sh "$here/ensure-host-tools.sh" debootstrap
  began=$(date +%s)
  room=$(mktemp -d "${TMPDIR:-/var/tmp}/girder-setup.XXXXXX")
  chmod 755 "$room"
  trap leave EXIT
  trap 'exit 1' HUP INT TERM

  step "a bare $codename with make" build_room
  step "a clean copy of HEAD" copy_repository
  step "rustup and Rust $release without $target" copy_rust
  step "without root: names one command and stops" stops_without_root
  step "make setup" inside make setup
  step "what it brought" inside sh tools/setup/check-setup.sh
  echo "test-setup: ok, $(($(date +%s) - began)) s in all"
}

step() {
  echo "test-setup: $1"
  title=$1 since=$(date +%s)
  shift
  "$@" </dev/null
  echo "test-setup: $title ... ok ($(($(date +%s) - since)) s)"
}

require_root() {
  [ "$(id -u)" != 0 ] || return 0
  set -- env "PATH=$PATH" "RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}" \
    "CARGO_HOME=${CARGO_HOME:-$HOME/.cargo}" "RUSTUP_AUTO_INSTALL=${RUSTUP_AUTO_INSTALL:-1}" \
    sh "$here/test-setup.sh" "$@"
  if sudo -n true 2>/dev/null; then exec sudo -n "$@"; fi
  say "a fresh system can be built by root only; please run:"
  echo "  sudo $*" >&2
  exit 1
}

leave() {
  status=$?
  trap - EXIT
  ! mountpoint -q "$room/proc" || umount "$room/proc" || die "$room/proc is still mounted"
  rm -rf --one-file-system "$room"
  [ "$status" = 0 ] || echo "test-setup: FAILED" >&2
  exit "$status"
}

build_room() {
  components=main
  [ "$(os_release ID)" != ubuntu ] || components=main,universe
  PATH=$PATH:/usr/sbin quietly debootstrap --variant=minbase --components="$components" \
    --include=make,ca-certificates "$codename" "$room" "$(mirror_of "$codename")"
  mount -t proc proc "$room/proc"
  use_network_of_this_machine
}

# Name service, certificates and proxies as here.
use_network_of_this_machine() {
  for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt; do
    [ ! -e "$file" ] || cp -L "$file" "$room$file"
  done
  apt-config dump Acquire | grep -E '^Acquire::(http|https|Check|Retries)' \
    >"$room/etc/apt/apt.conf.d/90host" || :
}

# The command line may say safe.directory: under sudo the tree belongs to somebody else.
copy_repository() {
  mkdir "$room/girder"
  git -C "$repository" -c "safe.directory=$repository" archive HEAD | tar -xf - -C "$room/girder"
}

copy_rust() {
  toolchain=$(find_toolchain) || die "Rust $release is not installed here"
  sysroot=$(RUSTUP_TOOLCHAIN=$toolchain rustc --print sysroot)
  inner=$room/root/.rustup/toolchains/$(basename "$sysroot")
  mkdir -p "$inner" "$room/root/.cargo/bin"
  tar -cf - -C "$sysroot" --exclude=./share/doc . | tar -xf - -C "$inner"
  copy_if_there "${RUSTUP_HOME:-$HOME/.rustup}/settings.toml" "$room/root/.rustup"
  copy_if_there "${CARGO_HOME:-$HOME/.cargo}/config.toml" "$room/root/.cargo"
  cp -L "$(command -v rustup)" "$room/root/.cargo/bin/rustup"
  for proxy in cargo rustc rustdoc rustfmt cargo-fmt cargo-clippy clippy-driver; do
    ln -s rustup "$room/root/.cargo/bin/$proxy"
  done
  forget_target
}

copy_if_there() { [ ! -e "$1" ] || cp "$1" "$2"; }

# Where rustup put the target or the sources there, rustup must know that they are gone.
forget_target() {
  name=$(basename "$sysroot")
  inside rustup target remove --toolchain "$name" "$target" >/dev/null 2>&1 || :
  inside rustup component remove --toolchain "$name" rust-src >/dev/null 2>&1 || :
  rm -rf "$inner/lib/rustlib/$target" "$inner/lib/rustlib/src"
}

inside() { in_room 0:0 "$@"; }

in_room() {
  who=$1
  shift
  set -- sh -c 'cd /girder && exec "$@"' sh "$@"
  for variable in $kept_variables; do
    eval "value=\${$variable:-}"
    [ -z "$value" ] || set -- "$variable=$value" "$@"
  done
  chroot --userspec="$who" "$room" /usr/bin/env -i HOME=/root LANG=C.UTF-8 \
    PATH=/root/.cargo/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

stops_without_root() {
  status=0
  said=$(in_room "$nobody" make setup 2>&1) || status=$?
  echo "$said"
  [ "$status" != 0 ] || die "the set-up went through without root"
  commands=$(echo "$said" | grep -c 'ensure-host-tools.sh. --install' || :)
  [ "$commands" = 1 ] || die "the set-up named $commands commands instead of one"
}

main "$@"
