# The commands of Girder. Each sets up what this machine lacks, then hands over to cargo or to
# girder-tools, which do the work; nothing is decided here.
#
# A variable given on the command line (make run BOARD=virt SMP=4) reaches the recipe's shell as
# it was written, and an option is passed on only if its variable is set, so the defaults and the
# checks of values are girder-tools' own.

TARGET = aarch64-unknown-none
BOARD ?=
SMP ?=
ARGS ?=
EXAMPLE ?=
APP ?=
FILTER ?=
PORT ?=
BAUD ?=
SEEDS ?=
MINUTES ?=
export BOARD SMP ARGS EXAMPLE APP FILTER PORT BAUD SEEDS MINUTES

# What a target needs on the host: NEEDS names tools of tools/setup/ensure-host-tools.sh.
NEEDS = cc
READY = RUSTUP_TOOLCHAIN=$$(sh tools/setup/setup.sh $(NEEDS)) && export RUSTUP_TOOLCHAIN

run test test-all soak debug bench setup: NEEDS = cc qemu dtc
debug test-all: NEEDS += gdb

TOOLS = $(READY) && { [ -e target/debug/girder-tools ] || \
	echo "girder: building the host tools (the first time only)" >&2; } && \
	cargo run -q -p girder-tools --
WHICH = $${BOARD:+--board "$$BOARD"}
WHAT = $${EXAMPLE:+--example "$$EXAMPLE"} $${APP:+--manifest-path "$$APP/Cargo.toml"}
HOW = $${SMP:+--smp "$$SMP"} $${ARGS:+--args "$$ARGS"}

# On the host every package compiles, some to nothing; the tools alone are not for the machine.
ON_HOST = --workspace
ON_MACHINE = --target $(TARGET) --workspace --exclude girder-tools --exclude girder-sim --exclude girder-tracer

.PHONY: help run test test-all soak soak-sim lint doc debug image bench setup test-setup

help:
	@sed -n 's/^#: //p' $(MAKEFILE_LIST)

#: make run         boot eight cores of QEMU's virt machine to a prompt (leave: poweroff or Ctrl-A X)
#:                  [BOARD=virt|rpi3|rpi4] [SMP=8] [ARGS="boot arguments"]; or, in place of the stock
#:                  image, [EXAMPLE=one of kernel/examples] or [APP=path of an application's crate]
run:
	@$(TOOLS) run $(WHICH) $(HOW) $(WHAT)

#: make test        every test: on the host, then in the kernel over the matrix of machines
#:                  [FILTER=part of a name]; or on a real board, over its serial line
#:                  [PORT=/dev/ttyUSB0] [BAUD=115200]
test:
	@$(TOOLS) test $${FILTER:+--filter "$$FILTER"} $${PORT:+--port "$$PORT"} $${BAUD:+--baud "$$BAUD"}

#: make test-all    the same over every combination of machines that makes sense: an hour
test-all:
	@$(TOOLS) test --all $${FILTER:+--filter "$$FILTER"}

#: make soak        mixed work on four cores for an hour, with a look that memory stays
#:                  [MINUTES=60] [SMP=4] [ARGS="boot arguments"]
soak:
	@$(TOOLS) soak --minutes $${MINUTES:-60} --smp $${SMP:-4} $${ARGS:+--args "$$ARGS"}

#: make soak-sim    a million seeds of the simulator, of all deployments, on all cores of this machine: hours
#:                  [SEEDS=1000000]
soak-sim:
	@$(READY) && cargo run --profile sim -q -p girder-sim -- --soak $${SEEDS:-1000000}

#: make lint        formatting and clippy, for the host and for the machine
lint:
	@$(READY) && set -x && \
	cargo fmt --all --check && \
	cargo clippy -q $(ON_HOST) --all-targets && \
	cargo clippy -q $(ON_MACHINE) --lib --bins --examples

#: make doc         the documentation of all packages, into target/doc
doc: export RUSTDOCFLAGS = -Dwarnings
doc:
	@$(READY) && set -x && \
	cargo doc -q --no-deps $(ON_HOST) && \
	cargo doc -q --no-deps $(ON_MACHINE)

#: make debug       boot stopped, with gdb attached and the symbols loaded
#:                  [BOARD=virt|rpi3|rpi4] [SMP=8]
debug:
	@$(TOOLS) debug $(WHICH) $(HOW)

#: make image       build dist/Image and its ELFs [BOARD=virt|rpi3|rpi4] [EXAMPLE=…] [APP=…]
image:
	@$(TOOLS) image $(WHICH) $(WHAT)

#: make bench       the benchmarks, in instructions per operation; fails if one is more than 3 % above
#:                  its baseline, or costs much more in the deployment of many cores or without LSE
#:                  [FILTER=part of a name, perhaps :COUNT]
bench:
	@$(TOOLS) bench $${FILTER:+"$$FILTER"}

#: make setup       only set up what is missing, which every command above does first
setup:
	@$(READY) && echo "girder: this machine is ready (Rust toolchain $$RUSTUP_TOOLCHAIN)"

#: make test-setup  try the set-up in a fresh minimal system (as root; some minutes)
test-setup:
	@sh tools/setup/test-setup.sh
