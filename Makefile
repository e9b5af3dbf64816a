# Kept: the targets that people type. `make` alone builds bin/kept.
VERSION  ?= $(patsubst v%,%,$(shell git describe --tags --always --dirty 2>/dev/null || echo dev))
FUZZTIME ?= 10s
BIN       = bin/kept$(shell go env GOEXE)

.PHONY: build demo demo-live test lint bench bench-match bench-promises bench-followups bench-carddav fuzz setup changelog release-build release-check clean

build: ## bin/kept for this machine
	CGO_ENABLED=0 go build -trimpath -ldflags "-X main.version=$(VERSION)" -o $(BIN) ./cmd/kept

demo: build ## a small company in demo/, imported and asked, offline
	$(BIN) demo

demo-live: build setup ## four real servers on this machine, connected and brought in step, a step at a time
	go run ./scripts/demo-live $(BIN)

test: ## what the continuous integration runs: set up, lint, every test with the race detector
	scripts/test

lint: ## gofmt, go vet, staticcheck
	scripts/lint

bench: ## every benchmark, as one table
	scripts/bench

bench-match: ## how well kept match finds what belongs together, beside the goals
	scripts/bench-match

bench-promises: ## how well promises are found in text, beside the goals
	scripts/bench-promises

bench-followups: ## passes of the rules over 100,000 customers
	scripts/bench-followups

bench-carddav: ## an address book on a real server, beside vdirsyncer
	scripts/bench-carddav

fuzz: ## every fuzz target for FUZZTIME each
	FUZZTIME=$(FUZZTIME) scripts/fuzz

setup: ## what the tests need, as far as this account may install it
	scripts/setup

changelog: ## CHANGELOG.md from the fragments in changes/
	scripts/changelog

release-build: ## six archives' worth of binaries and their checksums in dist/
	VERSION=$(VERSION) scripts/release-build dist

release-check: ## build everything twice, from two places, and compare the bytes
	VERSION=$(VERSION) scripts/release-check

clean:
	rm -rf bin dist
