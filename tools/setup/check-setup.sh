#!/bin/sh
# Checks that a set-up machine can do what Girder needs of it. test-setup.sh runs it in its fresh
# system; it holds anywhere after `make setup`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
cd "$here/../.."

check() {
  what=$1
  shift
  quietly "$@" || die "$what: FAILED"
  say "$what: ok"
}

qemu_is_new_enough() {
  version=$(qemu-system-aarch64 --version | sed -n 's/.*version \([0-9.]*\).*/\1/p')
  [ "${version%%.*}" -ge 9 ] && qemu-system-aarch64 -M help | grep -q '^raspi4b '
}

second_setup_does_nothing() {
  said=$(make --no-print-directory setup 2>&1) || return
  [ "$(echo "$said" | grep -vc '^girder: this machine is ready')" = 0 ] || {
    echo "$said"
    return 1
  }
}

check "QEMU is new enough and has the machines" qemu_is_new_enough
check "device trees can be compiled" dtc --version
check "a second set-up finds all in place" second_setup_does_nothing

RUSTUP_TOOLCHAIN=$(sh "$here/setup.sh")
export RUSTUP_TOOLCHAIN
check "the kernel's packages build for $target" cargo build --target "$target" -p girder-describe
check "clippy knows $target" cargo clippy --target "$target" -p girder-describe
check "host programs build and link" cargo build -p girder-tools
check "host programs run" cargo run -p girder-tools -- --help
