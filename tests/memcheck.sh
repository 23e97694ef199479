#!/usr/bin/env bash
# Runs the programs of examples/ and tests/run/, or those that are named, under valgrind at -O0 and -O2, without green
# threads: valgrind cannot follow stacks that grow in a signal handler. Long-running ones are left out. Needs
# `make memcheck`'s builds.
set -uo pipefail
cd "$(dirname "$0")/.."
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
mkdir "$home/lib"
# valgrind does not read the newest debug information.
strip --strip-debug target/memcheck/release/libkodo_rt.a -o "$home/lib/libkodo_rt.a"
passed=0
failed=0
programs=("$@")
[ $# != 0 ] || programs=(examples/*.ko tests/run/*.ko)
for file in "${programs[@]}"; do
    if grep -qE '^// (Without green threads|Standard error):' "$file" || grep -qE '[0-9]{8}|fib\(3' "$file"; then
        continue
    fi
    for level in -O0 -O2; do
        program=$home/program
        if ! KODO_HOME=$home target/debug/kodoc build "$level" --no-green-threads "$file" -o "$program" 2> "$home/log"; then
            echo "$file $level: does not compile"
            cat "$home/log"
            failed=$((failed + 1))
            continue
        fi
        strip --strip-debug "$program"
        valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
            "$program" > /dev/null 2> "$home/log"
        if [ $? = 99 ]; then
            echo "$file $level:"
            cat "$home/log"
            failed=$((failed + 1))
        else
            passed=$((passed + 1))
        fi
    done
done
echo "memcheck: $passed passed, $failed failed"
[ "$failed" = 0 ]
