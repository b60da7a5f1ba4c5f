# Everything a fresh machine needs, with the Swift toolchain alone. `make help` lists the targets.

SWIFT ?= swift
BUILD = $(SWIFT) build -c release

.PHONY: help run test bench plans build static clean

help:
	@echo "make run    build, fetch oneDNN if possible, train LeNet-5 on the embedded digits"
	@echo "make test   build and run all tests"
	@echo "make bench  measure against PyTorch and JAX, side by side (ARGS=--quick)"
	@echo "make plans  record what the plans of the bench's workloads cost, which tests compare"
	@echo "make static build a command line tool that needs no Swift where it runs: .build-static/apus"
	@echo "make build  build the command line tool: .build/release/apus"

build:
	$(BUILD) --product apus

# For machines that have GPUs and no Swift toolchain: one file beside a PJRT plugin.
static:
	$(BUILD) --product apus --static-swift-stdlib --scratch-path .build-static
	strip -o .build-static/apus .build-static/release/apus
	@ls -lh .build-static/apus

run: build
	@Scripts/fetch-onednn
	.build/release/apus train lenet --output runs/lenet $(ARGS)

TESTED = APUS_CACHE=$${APUS_CACHE:-off} APUS_THREADS=$${APUS_THREADS:-1} $(SWIFT) test -c release -Xswiftc -enable-testing

test:
	@Scripts/fetch-onednn
	@Scripts/fetch-pjrt
	$(TESTED) $(ARGS)
	@# The kernels once more, as other processors run them.
	for set in avx2 baseline; do APUS_INSTRUCTIONS=$$set $(TESTED) --skip-build --filter ApusCPUTests || exit 1; done
	Scripts/check-consumer

bench:
	@Scripts/fetch-onednn
	$(BUILD) --product apus-bench
	python3 Benchmarks/run.py $(ARGS)

plans:
	@Scripts/fetch-onednn
	$(BUILD) --product apus-bench
	.build/release/apus-bench plans --record Benchmarks/plans.json

clean:
	$(SWIFT) package clean
