#!/usr/bin/env bash
# Vectorize own kernels: what LLVM's cost model says of the scalar code, of LLVM's SLP vectorizer and of ours;
# one function as it comes out; and that every program still prints what it printed.
#
#   scripts/demo.sh [KERNEL.c ...]
set -euo pipefail
cd "$(dirname "$0")/.."

bin=.venv/bin
out=build/demo
march=x86-64-v3
if [ "$(uname -m)" != x86_64 ]; then march=armv8.2-a; fi
if [ $# = 0 ]; then
    set -- datasets/kernels/{complex_product,matrix_4x4,fft4,lattice_boltzmann,n_body,quaternion,sorting_network,transpose}.c
fi

echo "LLVM's own throughput costs (-O3 -march=$march, fewer is better):"
echo
"$bin/vecgnn" compare --march "$march" --packers llvm,greedy,policy --out "$out" "$@"

first=$(basename "$1" .c)
echo
module=$out/modules/$first.policy.ll
echo "Function by function: $out/compare.txt.  The first function of $module that stores a vector:"
echo
awk '/^define/ { body = "" } { body = body $0 "\n" } /^}/ && body ~ /store <[0-9]+ x/ { printf "%s", body; exit }' \
    "$module"

if [ "$(uname -m)" = x86_64 ] && ! "$bin/python" -c 'import llvmlite.binding as l, sys; sys.exit(not l.get_host_cpu_features().get("avx2"))'
then
    echo "This machine has no AVX2: the programs are not run."
    exit
fi
echo
echo "The programs' checksums, scalar and vectorized:"
for source in "$@"; do
    name=$(basename "$source" .c)
    for packer in none policy; do
        "$bin/vecgnn-cc" -O3 "-march=$march" "--vecgnn-packer=$packer" -o "$out/$name.$packer" "$source" -lm
    done
    scalar=$("$out/$name.none")
    packed=$("$out/$name.policy")
    [ "$scalar" = "$packed" ] || { echo "demo: $name prints $packed instead of $scalar" >&2; exit 1; }
    echo "  $packed, both"
done
