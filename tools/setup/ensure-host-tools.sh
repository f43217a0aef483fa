#!/bin/sh
# Makes sure that the named host tools are there, and installs by apt those that are not.
#
#   sh tools/setup/ensure-host-tools.sh [TOOL...]    cc qemu dtc gdb debootstrap
#
# Needs root, or sudo that asks no password; otherwise it prints the one command that a person
# has to run and stops with status 1. What is installed is never removed or replaced unless it
# is too old, and the machine's own package sources are left as they are.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
self=$here/ensure-host-tools.sh
. "$here/common.sh"

# raspi4b exists from this release on.
qemu_at_least=9
backports_source=/etc/apt/sources.list.d/girder-bookworm-backports.sources
lock_wait_seconds=300

main() {
  if [ "${1:-}" = --install ]; then
    shift
    install_now "$@"
    return
  fi
  missing=
  for tool; do is_there "$tool" || missing="$missing $tool"; done
  [ -n "$missing" ] || return 0
  install_as_root $missing
  for tool in $missing; do
    is_there "$tool" || die "$(describe "$tool") is still not there: $(why_not "$tool")"
  done
}

is_there() {
  case $1 in
  cc) case $(cc -print-file-name=crt1.o 2>/dev/null) in /*) ;; *) return 1 ;; esac ;;
  qemu) [ "$(qemu_major)" -ge "$qemu_at_least" ] && qemu_has_raspi4b ;;
  dtc) command -v dtc >/dev/null ;;
  gdb) command -v gdb-multiarch >/dev/null ;;
  debootstrap) PATH=$PATH:/usr/sbin command -v debootstrap >/dev/null ;;
  *) die "no tool is called $1" ;;
  esac
}

describe() {
  case $1 in
  cc) echo "a C compiler to link host programs" ;;
  qemu) echo "QEMU $qemu_at_least or newer for AArch64" ;;
  dtc) echo "the device tree compiler" ;;
  gdb) echo "gdb-multiarch" ;;
  debootstrap) echo "debootstrap" ;;
  esac
}

packages() {
  case $1 in
  cc) echo gcc libc6-dev ;;
  qemu) echo qemu-system-arm ;;
  dtc) echo device-tree-compiler ;;
  gdb) echo gdb-multiarch ;;
  debootstrap) echo debootstrap ;;
  esac
}

why_not() {
  case $1 in
  qemu) echo "$(command -v qemu-system-aarch64) has version $(qemu_major); does it hide a newer one in PATH?" ;;
  *) echo "the package is installed, but PATH does not lead to it" ;;
  esac
}

qemu_major() {
  version=$(qemu-system-aarch64 --version 2>/dev/null | sed -n 's/.*version \([0-9]*\).*/\1/p')
  echo "${version:-0}"
}

qemu_has_raspi4b() { qemu-system-aarch64 -M help | grep -q '^raspi4b '; }

install_as_root() {
  names=
  for tool; do names="$names, $(describe "$tool")"; done
  command -v apt-get >/dev/null ||
    die "missing: ${names#, }. There is no apt here; please install them your way and try again."
  if [ "$(id -u)" = 0 ]; then
    install_now "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo -n sh "$self" --install "$@"
  else
    say "missing: ${names#, }. Installing needs root; please run this, then try again:"
    become="sudo sh '$self' --install $*"
    command -v sudo >/dev/null || become="su -c \"sh '$self' --install $*\""
    echo "  $become" >&2
    exit 1
  fi
}

# From here on we are root and everything named is to be installed.
install_now() {
  LC_ALL=C DEBIAN_FRONTEND=noninteractive
  export LC_ALL DEBIAN_FRONTEND
  say "reading the package lists"
  update_lists
  plain=
  for tool; do
    case $tool in
    qemu) install_qemu ;;
    *) plain="$plain $(packages "$tool")" ;;
    esac
  done
  [ -n "$plain" ] || return 0
  say "installing$plain"
  apt_install $plain
}

apt_install() {
  quietly apt-get -y -q --no-install-recommends --no-remove \
    -o "DPkg::Lock::Timeout=$lock_wait_seconds" -o Dpkg::Use-Pty=0 install "$@" ||
    die "apt-get could not install $*"
}

# The lists' lock has no time-out of its own. A broken third-party source is no reason to stop:
# what we need may well be in the others.
update_lists() {
  waited=0
  while ! answer=$(apt-get -q update 2>&1); do
    case $answer in
    *"Could not get lock"*) [ "$waited" -lt "$lock_wait_seconds" ] || die "apt stays locked: $answer" ;;
    *)
      say "apt-get update had trouble, going on with what there is: $answer"
      return
      ;;
    esac
    sleep 3
    waited=$((waited + 3))
  done
}

install_qemu() {
  package=$(packages qemu)
  candidate=$(apt-cache policy "$package" | sed -n 's/^ *Candidate: //p')
  if is_new_enough "$candidate"; then
    say "installing $package $candidate"
    apt_install "$package"
  elif [ "$(os_release ID) $(os_release VERSION_CODENAME)" = "debian bookworm" ]; then
    offer_backports
    say "installing $package from bookworm-backports (this release's own, $candidate, is too old)"
    apt_install -t bookworm-backports "$package"
  else
    die "this system offers $package $candidate, Girder needs $(describe qemu): please install one and put it in PATH"
  fi
}

is_new_enough() {
  major=${1#*:}
  major=${major%%.*}
  case $major in '' | *[!0-9]*) return 1 ;; esac
  [ "$major" -ge "$qemu_at_least" ]
}

backports_are_known() { apt-cache madison qemu-system-arm | grep -q 'bookworm-backports/'; }

# A mirror need not carry the backports; the public one does.
offer_backports() {
  for mirror in "$(mirror_of bookworm)" "$default_mirror"; do
    ! backports_are_known || return 0
    say "adding bookworm-backports to the package sources ($backports_source)"
    cat >"$backports_source" <<SOURCE
# Written by Girder's set-up for QEMU; nothing else is taken from here unless asked for by name.
Types: deb
URIs: $mirror
Suites: bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCE
    update_lists
  done
  backports_are_known && return
  rm -f "$backports_source"
  die "bookworm-backports offers no QEMU here: please install $(describe qemu) and put it in PATH"
}

main "$@"
