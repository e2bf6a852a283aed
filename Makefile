# SPDX-License-Identifier: Apache-2.0
# Thin on purpose: a recipe of more than three lines is a script in scripts/.

GO       ?= go
FUZZTIME ?= 30s
PACKETS  ?= 10000000
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS  := -X main.version=$(VERSION)
BIN      := bin/parkway

export GO
.DEFAULT_GOAL := build
.NOTPARALLEL:
.PHONY: help deps deps-build deps-demo deps-model deps-package deps-bench build test test-unit test-race test-asan test-e2e \
        model stress lines no-parking bench bench-compare bench-parking bench-tables bench-report demo docs deb try-service fuzz vet lint fmt clean ci

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-13s %s\n", $$1, $$2}' Makefile

deps: ## install the Debian packages that are missing (all of them: build, demo, tests)
	@scripts/deps.sh build demo test model package bench
	@scripts/promtool.sh >/dev/null || true

deps-build:
	@scripts/deps.sh build

deps-demo:
	@scripts/deps.sh build demo

deps-package:
	@scripts/deps.sh package

deps-bench: deps-build
	@scripts/deps.sh bench

deps-model:
	@scripts/deps.sh model

build: deps-build ## build bin/parkway (the default)
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/parkway

test: deps ## run every test; needs root for network namespaces
	@scripts/test.sh all

test-unit: deps-build ## vet and the tests of packages without DPDK, with -race; no root needed
	@scripts/test.sh vet pure

test-race: deps ## every package with -race except test/
	@scripts/test.sh race

test-asan: deps ## the C code of cgo/ and dpdk/ under AddressSanitizer
	@scripts/test.sh asan

test-e2e: deps ## the end-to-end tests in test/; needs root
	@scripts/test.sh e2e

model: deps-model ## check the parking protocol's model with SPIN; MODEL=full for more
	@scripts/model.sh $(MODEL)

stress: deps ## the park rings on real threads, also under ThreadSanitizer; PACKETS (default 10000000) each
	PARKWAY_STRESS_PACKETS=$(PACKETS) $(GO) test -count=1 -timeout 60m -v -run Stress ./cgo
	PARKWAY_TSAN_PACKETS=$(PACKETS) $(GO) test -count=1 -timeout 60m -v ./test/tsan

bench: deps-bench build no-parking ## Parkway beside its references, all cases (or CASES="...") at full size, into bench/results; minutes, an idle machine
	@scripts/bench.sh $(BIN) $(CASES)
	@$(MAKE) --no-print-directory bench-report

bench-compare: deps-bench ## this tree and BASE=revision in one run; fails if slower by THRESHOLD percent (default: never)
	@scripts/bench-compare.sh '$(BASE)' '$(or $(THRESHOLD),0)' $(CASES)

bench-parking: deps-build ## what parking promises, at full size and as one table; minutes
	@scripts/bench-parking.sh

bench-tables: deps-build ## a million routes: time, memory and rates; 4 GiB, a minute
	@scripts/bench-tables.sh

bench-report: ## write docs/performance.md and its plots anew, of bench/results
	$(GO) test -count=1 ./bench/report -run TestFresh -update

lines: deps-build ## which cache lines workers write: none in common while they forward
	$(GO) test -count=1 -tags lines -v -run TestLines ./cgo

no-parking: deps-build ## bin/parkway-no-parking, which `parkway bench parking-cost` compares with
	@scripts/no-parking.sh bin/parkway-no-parking

demo: deps-demo build ## the article's topology: up, ping, show, down; needs root
	@scripts/demo.sh $(BIN)

docs: deps-build ## write the generated documents anew: man pages, CLI reference, JSON Schema
	$(GO) test -count=1 ./internal/manual -run TestFresh -update

deb: deps-package build ## build the Debian package, bin/parkway_VERSION_ARCH.deb
	@scripts/deb.sh $(BIN) '$(VERSION)'

try-service: ## live with PACKAGE=FILE.deb in a throwaway Debian with systemd; needs root, mmdebstrap, systemd-container
	@scripts/try-service.sh '$(PACKAGE)'

fuzz: deps-build ## run every fuzz target for FUZZTIME (default 30s) each
	@scripts/fuzz.sh $(FUZZTIME)

vet: deps-build ## go vet
	$(GO) vet ./...

lint: deps-build ## formatting, vet and the repository's own rules
	@scripts/test.sh fmt vet arch

fmt: ## gofmt all Go files
	gofmt -w $$(git ls-files '*.go')

clean: ## remove bin/, and namespaces that a killed test left behind
	rm -rf bin
	@scripts/sweep.sh

ci: ## exactly what CI runs
	@.ci/run
