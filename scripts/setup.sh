#!/usr/bin/env bash
# Make .venv with the package and its development tools, and see that clang, opt and flang of LLVM 22 are there.
#
#   scripts/setup.sh [--need-llvm] [--light]
#
# Does nothing, quickly, when all is in place.  LLVM is installed with apt-get where that needs no password;
# elsewhere one line says what to install, and only --need-llvm makes that an error (without flang all but
# Fortran works, so it is never one).
# --light leaves a .venv that has what the tests need as it is, and makes a new one with the learned policy but
# without torch and solvers.
# VECGNN_EXTRAS (default: dev,ilp,train) names the extras to install; PYTHON names an interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."

need_llvm=false
everything=dev,ilp,train
light=plot,policy
extras=${VECGNN_EXTRAS:-$everything}
for option in "$@"; do
    case $option in
        --need-llvm) need_llvm=true ;;
        --light) extras=${VECGNN_EXTRAS:-$light} ;;
        *)
            echo "setup: $option: not an option; use --need-llvm, --light" >&2
            exit 2
            ;;
    esac
done
stamp=.venv/.vecgnn-setup

say() { echo "setup: $*" >&2; }

# A version manager's shim may be on PATH and still run nothing: ask each candidate.
find_python() {
    local name
    for name in "${PYTHON:-}" python3.11 python3.12 python3.13 python3.14 python3; do
        if [ -n "$name" ] && "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
            >/dev/null 2>&1; then
            echo "$name"
            return
        fi
    done
    return 1
}

set_up_python() {
    # The editable install and the scripts hold this folder's path.
    local wanted installed sum
    sum=$(cksum < pyproject.toml)
    wanted="$PWD $extras $sum"
    installed=$(cat "$stamp" 2>/dev/null || true)
    if [ -x .venv/bin/python ] && { [ "$installed" = "$wanted" ] ||
        { [ "$extras" = "$light" ] && [ "$installed" = "$PWD $everything $sum" ]; }; }; then
        return
    fi
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        local python
        python=$(find_python) || {
            say "needs Python 3.11 or newer with venv: install it (on Debian: python3 python3-venv) or set PYTHON"
            exit 1
        }
        say "creating .venv with $("$python" --version)"
        "$python" -m venv --clear .venv
    fi
    say "installing vecgnn[$extras] into .venv"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input -e ".[$extras]"
    echo "$wanted" > "$stamp"
}

is_llvm_22() { "$1" --version 2>/dev/null | grep -q 'version 22\.'; }

has_tool() {
    if [ -n "${VECGNN_LLVM_BIN:-}" ]; then
        [ -x "$VECGNN_LLVM_BIN/$1" ] || [ -x "$VECGNN_LLVM_BIN/$1-22" ]
        return
    fi
    local path
    command -v "$1-22" >/dev/null && return
    for path in "$1" "/usr/lib/llvm-22/bin/$1" "/usr/local/opt/llvm@22/bin/$1" "/opt/homebrew/opt/llvm@22/bin/$1"; do
        command -v "$path" >/dev/null && is_llvm_22 "$path" && return
    done
    return 1
}

has_llvm() { has_tool clang && has_tool opt; }

install_packages() {
    command -v apt-get >/dev/null || return 1
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null && sudo -n true 2>/dev/null || return 1
        as_root=(sudo -n)
    fi
    local install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq
        --no-install-recommends "$@")
    say "installing $* with apt-get"
    # Package lists may be missing or too old to have it: try, refresh, try again.
    "${install[@]}" </dev/null >/dev/null 2>&1 && return
    "${as_root[@]}" apt-get update -qq </dev/null >/dev/null 2>&1 || true
    "${install[@]}" </dev/null >/dev/null 2>&1
}

set_up_python
if ! has_llvm; then
    install_packages clang-22 llvm-22 || true
    if ! has_llvm; then
        say "clang and opt of LLVM 22 not found: install clang-22 and llvm-22 (Debian, apt.llvm.org; Homebrew: llvm@22) or set VECGNN_LLVM_BIN"
        ! $need_llvm || exit 1
    fi
fi
# Apart from the others: where it is not to be had, they still are.
if ! has_tool flang; then
    install_packages flang-22 || true
    has_tool flang || say "flang of LLVM 22 not found: install flang-22 (Debian, apt.llvm.org; Homebrew: flang) for Fortran and its tests"
fi
