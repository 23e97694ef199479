#!/usr/bin/env bash
# Builds the runtime for a sanitizer and runs the programs with it: `tests/sanitize.sh thread|address [RUNS]`.
#
# Needs a nightly toolchain of Rust (any with -Zsanitizer; the standard library stays as it is, without instrumentation; what that
# hides is in sanitize/thread.supp, with reasons), whose sanitizer runtimes the programs are linked with.
set -euo pipefail
cd "$(dirname "$0")/.."
sanitizer=$1
runs=${2:-300}
case $sanitizer in
thread)
    short=tsan
    # A switch of stacks between a function's entry and its exit would leave ThreadSanitizer's own call stack unbalanced. So
    # reports of the runtime name the place, with what is inlined there, but not its callers.
    flags=-Cllvm-args=-tsan-instrument-func-entry-exit=0
    ;;
address)
    short=asan
    flags=
    ;;
*) echo "usage: $0 thread|address [RUNS]" >&2 && exit 2 ;;
esac
if ! rustc +nightly --version > /dev/null 2>&1; then
    echo "$short: no nightly toolchain (rustup toolchain install nightly); \`make memcheck\` needs none" >&2
    exit 1
fi
target=$(rustc +nightly -vV | sed -n 's/^host: //p')
home=target/$short
RUSTFLAGS="-Zsanitizer=$sanitizer -Cunsafe-allow-abi-mismatch=sanitizer $flags" \
    cargo +nightly build --release -p kodo-rt --features $short --target "$target" --target-dir "$home"
mkdir -p "$home/lib"
cp "$home/$target/release/libkodo_rt.a" "$home/lib/"

# kodoc links with $CC: a compiler that adds the sanitizer's runtime.
runtime=$(rustc +nightly --print sysroot)/lib/rustlib/$target/lib/librustc-nightly_rt.$short.a
cat > "$home/cc" << END
#!/bin/sh
exec cc "\$@" -Wl,--whole-archive '$runtime' -Wl,--no-whole-archive -Wl,--export-dynamic -lrt -lstdc++ -lm -ldl -lpthread
END
chmod +x "$home/cc"
symbolizer=external_symbolizer_path=$(command -v llvm-symbolizer-22 || echo /usr/lib/llvm-22/bin/llvm-symbolizer)
# At its end a program frees nothing (leaks are what the runtime's own counter is for), and does not wait for stragglers.
export TSAN_OPTIONS="suppressions=$PWD/tests/sanitize/thread.supp atexit_sleep_ms=20 history_size=4 $symbolizer"
export ASAN_OPTIONS="detect_leaks=0 detect_stack_use_after_return=0 $symbolizer"
STRESS_HOME=$PWD/$home STRESS_SANITIZER=$sanitizer STRESS_RUNS=$runs cargo test -q -p kodoc --test stress
