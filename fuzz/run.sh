#!/usr/bin/env bash
# Fuzzes one target for a while: fuzz/run.sh syntax|front_end SECONDS. Needs a nightly Rust and cargo-fuzz, which it installs.
# Programs of the tree are the first corpus; what crashes lands in fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${1:?syntax or front_end}
seconds=${2:-60}
command -v cargo-fuzz > /dev/null || cargo install --locked cargo-fuzz
mkdir -p "fuzz/corpus/$target"
for file in examples/*.ko tests/run/*.ko tests/errors/*.ko; do
    cp -n "$file" "fuzz/corpus/$target/" 2> /dev/null || true
done
exec cargo +nightly fuzz run "$target" -- -max_total_time="$seconds" -timeout=60 -rss_limit_mb=4096 -max_len=20000
