# What there is: `make help`. Each target installs what is missing from Debian's packages (as root; otherwise it says what
# to install) and works from a clean clone.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help build test demo bench clean dependencies test-dependencies

DEMO_ARGS ?=
BENCH_ARGS ?=
TEST_ARGS ?=

# One set of flags for everything that is built for speed, so that no target rebuilds what another one built.
RELEASE := -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked
CHECKED := --explicit-target-dependency-import-check error
BINARY := $(CURDIR)/.build/release/sluice
FIRST_BUILD := The first build takes several minutes on two cores; later ones take seconds.

help:
	@echo "make demo    the whole thing on this machine: sensors, rules, an outage, a kill -9, and a summary that is checked"
	@echo "             DEMO_ARGS='--format json'; 'sluice demo --help' lists the others"
	@echo "make test    all tests: unit, conformance, rules, crash, command line and end to end; TEST_ARGS='--filter Name'"
	@echo "make build   the program, for speed: .build/release/sluice"
	@echo "make bench   speed beside Debian's mosquitto; BENCH_ARGS='--help' lists the options"
	@echo "make clean   removes all that was built"

dependencies:
	@scripts/install-dependencies build

test-dependencies:
	@scripts/install-dependencies test

build: dependencies
	@[ -x $(BINARY) ] || echo "$(FIRST_BUILD)"
	@swift build $(RELEASE) $(CHECKED) --product sluice
	@echo "built: $(BINARY)"

demo: build
	@$(BINARY) demo $(DEMO_ARGS)

test: test-dependencies build
	@echo "building and running the tests; the first time this takes several minutes"
	@SLUICE_BINARY=$(BINARY) PYTHON=$(CURDIR)/.venv/bin/python scripts/run-tests $(TEST_ARGS)

bench: test-dependencies build
	@swift build $(RELEASE) --product LoadGenerator
	@SLUICE_BINARY=$(BINARY) Benchmarks/side-by-side $(BENCH_ARGS)

clean:
	@rm -rf .build .venv demo-data
