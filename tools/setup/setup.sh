#!/bin/sh
# Makes this machine ready for Girder: host tools, then the pinned Rust with its bare-metal target.
#
#   RUSTUP_TOOLCHAIN=$(sh tools/setup/setup.sh [TOOL...]) && export RUSTUP_TOOLCHAIN
#
# The one line on stdout is that toolchain's name. When all is there it takes a fraction of a
# second and says nothing else, so every entry point (Makefile, CI) can run it first.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

sh "$here/ensure-host-tools.sh" "$@"
sh "$here/ensure-target.sh"
