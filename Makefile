# make demo    the main job end to end on a made-up organisation; leaves the dashboard up until ctrl-c
# make test    everything: system packages, build, all tests with the demo among them; the optimiser beside HiGHS (installed
#              into an environment of its own) on 250 organisations; ten kills during a delivery of a million rows by
#              optimised programs; the agent for Windows under Wine (compiler and Wine folder: 2 GB in ~/.cache/caliper)
# make fuzz    every parser of the agent, a minute each (SECONDS=600 for ten)
# make identity  how well people and machines are told apart, on organisations made to confuse (SEEDS="1 2 3")
# make check   what a change must pass before review: format, lints, licences of dependencies

.PHONY: demo test check fuzz identity setup windows
.DEFAULT_GOAL := test

setup:
	@tests/servers/setup.sh

windows:
	@tests/windows/cross.sh setup

demo: setup
	@tests/demo.sh

test: setup windows
	cargo build --workspace --bins
	CALIPER_HIGHS=1 cargo test --workspace
	CALIPER_KILL_ROWS=1000000 cargo test --release --workspace --test kills

fuzz:
	@tests/fuzz/run.sh all $(or $(SECONDS),60)

identity:
	@tests/identity.sh $(or $(SEEDS),1 2 3)

check:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	@if command -v cargo-deny >/dev/null; then cargo deny check; else echo "cargo-deny is not installed: licences were not checked"; fi
