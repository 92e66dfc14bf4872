# Everything that people do here. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo demo-simulation test check simulate chaos mutants public bench proto clean
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

# Which tests; empty: all. In single quotes: mocha finds the files, not the shell.
TESTS ?=
SEEDS ?= 2000
FIRST ?= 1
ROUNDS ?= 2
SEED ?= 1
BLENDER ?= $(shell command -v blender)
IMAGE := libs/contracts/gen/image.binpb

help: ## say what can be done here
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: ## get everything this needs on this machine; does nothing when it is there
	@tools/setup.sh
	@$(MAKE) --silent proto

demo: setup ## render an animation over three agents, one of which is killed in the middle
	@./demo/run.sh

demo-simulation: setup ## compute a flow: mesh, approval, an agent killed in the middle of the solve, a picture of the result
	@./demo/simulate.sh

test: setup ## run every test against real servers (TESTS='libs/nats/*.spec.ts' for some)
	@tools/test.sh $(foreach pattern,$(TESTS),'$(pattern)')

check: setup ## generate, format, lint, types, protocols
	prettier --check --log-level warn .
	oxlint --type-aware --deny-warnings
	tsc --noEmit
	buf lint proto
	tools/breaking.sh
	node tools/access.ts
	node tools/map.ts
	node tools/imports.ts
	! git ls-files '*fixture*' | grep -v '/fixtures/[^/]*$$'  # fixtures are in folders of that name
	! git grep -nE '\b(MOST|LONGEST|LARGEST|SMALLEST|LEAST|FEWEST)(_|\b)' -- '*.ts'  # bounds are MAX_X and MIN_X

simulate: setup ## simulate the mesh under faults (SEEDS=20000 FIRST=1 for so many seeds from the first on)
	@SEEDS=$(SEEDS) FIRST=$(FIRST) node test/simulation/main.ts

chaos: setup ## kill, freeze and cut off the real processes of a mesh at work (ROUNDS=60 SEED=1)
	@ROUNDS=$(ROUNDS) SEED=$(SEED) node test/chaos/main.ts

mutants: setup ## plant each known defect in a copy, and say which test caught it
	@node test/mutants/main.ts

public: setup ## render public .blend files of Debian (350 MB, downloaded once) and compare the pixels with Blender alone (BLENDER=path)
	@BLENDER='$(abspath $(BLENDER))' node test/public/main.ts

bench: setup ## measure this machine against the aims
	@./bench/run.sh

proto: $(IMAGE) ## generate the contracts from proto/, when that has changed

$(IMAGE): $(shell find proto -name '*.proto') buf.yaml buf.gen.yaml package-lock.json tools/proto.sh
	tools/proto.sh

clean: ## remove what was generated or downloaded; .muster and its data stay
	rm -rf node_modules .tools libs/contracts/gen demo-out public-out
