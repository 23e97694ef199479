# `make test` checks everything; `make setup` says what it needs and installs it on Debian.

LLVM_PACKAGES = gcc libc6-dev libstdc++-12-dev llvm-22-dev
SUDO = $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: setup test

setup:
	@if command -v llvm-config-22 >/dev/null; then \
	  echo "setup: LLVM $$(llvm-config-22 --version) is here"; \
	else \
	  echo "setup: installing from Debian's packages: $(LLVM_PACKAGES)"; \
	  $(SUDO) apt-get update -q && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -q -y --no-install-recommends $(LLVM_PACKAGES); \
	fi

test:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo test --workspace
