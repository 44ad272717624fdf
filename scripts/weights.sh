#!/usr/bin/env bash
# Make the weights of the learned policy from nothing: the corpus, its labels, the training.
#
#   scripts/weights.sh [--set key=value ...]
#
# Every step keeps what it has done: the same command goes on where it was stopped.  The weights are
# build/train/best.safetensors; copied to vecgnn/policy/shipped.safetensors they are those that ship.
# VECGNN_CORPUS (default: .cache/corpus) and VECGNN_TRAIN (default: build/train) name other folders.
set -euo pipefail
cd "$(dirname "$0")/.."

corpus=${VECGNN_CORPUS:-.cache/corpus}
out=${VECGNN_TRAIN:-build/train}
vecgnn=.venv/bin/vecgnn

"$vecgnn" corpus generate --corpus "$corpus" --programs 500
"$vecgnn" corpus kernels --corpus "$corpus"
"$vecgnn" corpus nas --corpus "$corpus"  # held out: here so that nothing like them is trained on
"$vecgnn" corpus fetch --corpus "$corpus" || echo "weights: going on without the libraries named above" >&2
"$vecgnn" corpus label --corpus "$corpus" --time-limit 1 --max-functions-per-program 400 \
    --max-candidates 600 --order mixed
resume=()
[ ! -e "$out/last.pt" ] || resume=(--resume)
"$vecgnn" train --set "corpus=$corpus" --out "$out" "${resume[@]}" "$@"
