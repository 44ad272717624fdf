"""The generator of C programs: one seed, one text; every text compiles; the texts vary."""

import os
import random
import re
import subprocess
import sys
from collections import Counter

import pytest

from vecgnn import llvm
from vecgnn.corpus.generate import FAMILIES, PROLOGUE, function, march, program

_HASHES = """
import hashlib
from vecgnn.corpus.generate import march, program
for seed in range(60):
    print(hashlib.sha256((program(seed) + march(seed)).encode()).hexdigest())
"""


def _before_slp(source: str, *options: str) -> str:
    arguments = ["-x", "c", "-O3", "-Xclang", "-disable-llvm-passes", "-S", "-emit-llvm", "-o", "-"]
    return llvm.before_slp(llvm.run_tool("clang", [*arguments, *options, "-"], source))


def _functions(source: str) -> list[str]:
    return re.findall(r"^(?:struct )?\w+ (\w+)\([^;]*\)\n\{$", source, re.MULTILINE)


def test_one_seed_is_one_text_in_every_process() -> None:
    printed = [
        subprocess.run(
            [sys.executable, "-c", _HASHES],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "4242")
    ]
    assert len(printed[0].split()) == 60
    assert printed[0] == printed[1]


def test_no_program_is_drawn_twice() -> None:
    assert len({program(seed) for seed in range(300)}) == 300


def test_a_program_has_four_to_eight_functions_and_no_includes() -> None:
    sizes = Counter(len(_functions(program(seed))) for seed in range(100))
    assert set(sizes) == {4, 5, 6, 7, 8}
    assert not any("#include" in program(seed) for seed in range(100))


@pytest.mark.parametrize(
    "options", [["-march=x86-64-v3"], ["--target=aarch64-linux-gnu", "-mcpu=neoverse-v2"]]
)
@pytest.mark.parametrize("first", [0, 10])
def test_programs_compile(options: list[str], first: int) -> None:
    for seed in range(first, first + 10):
        source = program(seed)
        text = _before_slp(source, *options)
        for name in _functions(source):
            assert re.search(rf"^define [^@]*@{name}\(", text, re.MULTILINE), (seed, name)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_family_compiles_and_differs_from_draw_to_draw(family: str) -> None:
    rng = random.Random(f"test {family}")
    texts = [function(family, rng, "kernel") for _ in range(12)]
    assert len(set(texts)) >= 11
    renamed = [text.replace("kernel", f"kernel{number}") for number, text in enumerate(texts)]
    compiled = _before_slp(PROLOGUE + "\n".join(renamed), "-march=x86-64-v3")
    assert len(re.findall(r"^define [^@]*@kernel", compiled, re.MULTILINE)) == 12


def test_programs_vary_in_opcodes_and_types() -> None:
    text = "\n".join(_before_slp(program(seed), "-march=x86-64-v3") for seed in range(40))
    opcodes = set(re.findall(r"^  %\S+ = (?:tail )?(\w+)", text, re.MULTILINE))
    floats = {"fadd", "fsub", "fmul", "fdiv", "fneg", "fcmp"}
    integers = {"add", "sub", "mul", "and", "or", "xor", "shl", "lshr", "ashr", "icmp"}
    others = {"load", "getelementptr", "select", "call", "zext", "sext", "trunc"}
    assert floats | integers | others <= opcodes
    stored = set(re.findall(r"^  store (\w+) ", text, re.MULTILINE))
    assert {"i8", "i16", "i32", "i64", "float", "double"} <= stored
    called = set(re.findall(r"@llvm\.(\w+)\.", text))
    assert {"fmuladd", "sqrt", "smin", "umin", "umax", "abs", "fshl"} <= called


def test_marches_come_in_their_shares() -> None:
    drawn = Counter(march(seed) for seed in range(4000))
    assert set(drawn) == {"x86-64-v2", "x86-64-v3", "x86-64-v4", "znver5"}
    assert 0.46 < drawn["x86-64-v3"] / 4000 < 0.54
    assert 0.21 < drawn["znver5"] / 4000 < 0.29
