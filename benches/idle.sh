#!/usr/bin/env bash
# What a program costs that only waits: processor time and context switches over some seconds, for a program whose threads
# all wait for a channel while main sleeps. Prints them, and the share of one processor (the aim is below 0.1 %).
# Run from the root after `make build`; `idle.sh [SECONDS]`.
set -euo pipefail
seconds=${1:-5}
kodoc=${KODOC:-target/release/kodoc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat > "$dir/idle.ko" <<'KO'
fn main() {
    let never: Channel<Int> = channel_new()
    for _ in 0..1000 {
        spawn {
            for _ in never {}
        }
    }
    sleep(3600000)
    never.send(1)
}
KO
"$kodoc" build -O2 "$dir/idle.ko" -o "$dir/idle"

# Context switches of all of its OS threads.
switches() { cat /proc/"$1"/task/*/status | awk '/ctxt_switches/ { n += $2 } END { print n }'; }
# Nanoseconds on a processor, finer than ticks.
spent() { cat /proc/"$1"/task/*/schedstat | awk '{ n += $1 } END { printf "%.0f", n }'; }

for workers in 1 2 8; do
    KODO_THREADS=$workers "$dir/idle" &
    program=$!
    sleep 1
    before=$(spent $program) switches_before=$(switches $program)
    sleep "$seconds"
    after=$(spent $program) switches_after=$(switches $program)
    threads=$(ls /proc/$program/task | wc -l)
    kill $program
    wait $program 2>/dev/null || true
    awk -v n=$((after - before)) -v s="$seconds" -v w="$workers" -v c=$((switches_after - switches_before)) -v t="$threads" \
        'BEGIN { printf "%d workers (%d OS threads): %.3f ms of %d s, %.5f %% of a processor, %d context switches\n", w, t, n / 1e6, s, n / 1e7 / s, c }'
done
