# Words and facts that the set-up scripts share. Sourced, never run, with `set -eu` on and `here`
# naming this folder. Everything meant for people goes to stderr: stdout carries answers.

default_mirror=http://deb.debian.org/debian
target=aarch64-unknown-none
release=$(sed -n 's/^channel *= *"\([^"]*\)".*/\1/p' "$here/../../rust-toolchain.toml")

say() { echo "girder: $*" >&2; }
die() {
  say "$*"
  exit 1
}

# One field of the system's own description, empty when it has none.
os_release() { sed -n "s/^$1=//p" /etc/os-release 2>/dev/null | tr -d '"' || :; }

# Where this machine's apt takes release $1 from; the public default if it does not say.
# apt itself is asked, since sources come in two notations and any number of files.
mirror_of() {
  mirror=$(apt-get indextargets --no-release-info --format '$(RELEASE) $(REPO_URI)' \
    'Created-By: Packages' 2>/dev/null | sed -n "s|^$1 ||p" | head -n 1)
  mirror=${mirror:-$default_mirror}
  echo "${mirror%/}"
}

# The pinned release may be installed under its own name or as today's stable.
find_toolchain() {
  for name in "$release" stable; do
    version=$(RUSTUP_TOOLCHAIN=$name RUSTUP_AUTO_INSTALL=0 rustc -V 2>/dev/null | cut -d' ' -f2)
    [ "$version" != "$release" ] || {
      echo "$name"
      return 0
    }
  done
  return 1
}

# Runs a command whose output matters only if it fails.
quietly() {
  log=$(mktemp)
  status=0
  "$@" >"$log" 2>&1 || status=$?
  [ "$status" = 0 ] || cat "$log" >&2
  rm -f "$log"
  return "$status"
}
