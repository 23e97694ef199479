#!/usr/bin/env bash
# How long "hello" takes from source to executable, beside the same program in C, and how large it is.
# Alternates the compilers and prints medians of N runs (default 21). Run from the root after `make build`.
set -euo pipefail
runs=${1:-21}
kodoc=${KODOC:-target/release/kodoc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
printf 'fn main() {\n    println("hello")\n}\n' > "$dir/hello.ko"
printf '#include <stdio.h>\nint main(void) {\n    puts("hello");\n}\n' > "$dir/hello.c"

# Milliseconds that a command takes.
time_ms() {
    local start end
    start=$(date +%s%N)
    "$@" > /dev/null
    end=$(date +%s%N)
    echo $(((end - start) / 10000))
}
median() { sort -n "$1" | awk '{ a[NR] = $1 } END { printf "%.2f", a[int((NR + 1) / 2)] / 100 }'; }

for _ in $(seq "$runs"); do
    for level in O0 O2; do
        time_ms "$kodoc" build "-$level" "$dir/hello.ko" -o "$dir/hello-$level" >> "$dir/kodoc-$level"
        time_ms cc "-$level" "$dir/hello.c" -o "$dir/hello-c" >> "$dir/cc-$level"
    done
    time_ms "$kodoc" check "$dir/hello.ko" >> "$dir/kodoc-check"
    time_ms "$kodoc" emit-llvm -O2 "$dir/hello.ko" -o "$dir/hello.ll" >> "$dir/kodoc-emit"
done
echo "kodoc check            $(median "$dir/kodoc-check") ms"
echo "kodoc emit-llvm -O2    $(median "$dir/kodoc-emit") ms"
for level in O0 O2; do
    echo "kodoc build -$level       $(median "$dir/kodoc-$level") ms    cc -$level: $(median "$dir/cc-$level") ms"
done
strip --strip-debug "$dir/hello-O2" -o "$dir/hello-stripped"
echo "hello -O2              $(stat -c %s "$dir/hello-O2") bytes, $(stat -c %s "$dir/hello-stripped") without debug sections"
