#!/usr/bin/env bash
# The entry of a time slice on aarch64 (`kodo_rt_yield` in kodo-rt/src/sched/preempt.rs), run under an emulator: its text is
# taken out of the source, assembled, and called by code that expects all registers back that `preserve_most` promises.
# Run from the root. Needs Debian's gcc-aarch64-linux-gnu, libc6-dev-arm64-cross, qemu-user and python3.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 - kodo-rt/src/sched/preempt.rs > "$dir/stub.S" <<'PY'
import re, sys
source = open(sys.argv[1]).read()
body = source[source.index('#[cfg(target_arch = "aarch64")]'):]
body = body[body.index("naked_asm!("):body.index("slow = sym")]
print(".text\n.globl kodo_rt_yield\nkodo_rt_yield:")
for line in re.findall(r'"([^"]*)"', body):
    print(line.replace("{slow}", "slow"))
PY
aarch64-linux-gnu-gcc -O1 -static -o "$dir/test" tests/aarch64/yield_stub.c "$dir/stub.S"
qemu-aarch64 "$dir/test"
