#!/usr/bin/env bash
# Vectorize one small program (matrix products) and run it: scalar code, LLVM's SLP vectorizer, ours.
set -euo pipefail
cd "$(dirname "$0")/.."

source=${1:-datasets/kernels/matrix_4x4.c}
repeats=${2:-200000}
bin=.venv/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

flags=(-O3 -march=x86-64-v3)
if [ "$(uname -m)" != x86_64 ]; then flags=(-O3); fi

for packer in none llvm greedy; do
    "$bin/vecgnn-cc" "${flags[@]}" --vecgnn-packer="$packer" --vecgnn-verbose \
        -o "$work/$packer" "$source" -lm 2>"$work/$packer.log" || { cat "$work/$packer.log" >&2; exit 1; }
done
echo "$source with packer greedy:"
cat "$work/greedy.log"

echo
echo "Run time of $repeats repeats and the program's checksum:"
expected=
for packer in none llvm greedy; do
    started=$(date +%s%N)
    answer=$("$work/$packer" "$repeats")
    echo "  $packer: $((($(date +%s%N) - started) / 1000000)) ms: $answer"
    expected=${expected:-$answer}
    [ "$answer" = "$expected" ] || { echo "demo: the answers differ" >&2; exit 1; }
done
