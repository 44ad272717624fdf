"""The generator of kernels: valid, repeatable, varied; a campaign counts right and finds what is broken."""

from __future__ import annotations

from pathlib import Path

import llvmlite.binding as llvm
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecgnn.codegen.verify import Checker, Verdict
from vecgnn.fuzz import campaign, generate, reduce


@given(st.integers(0, 10**6), st.integers(10, 200))
def test_every_module_is_valid(seed: int, instructions: int) -> None:
    text = generate(seed, instructions=instructions)
    llvm.parse_assembly(text, context=llvm.create_context()).verify()
    assert text == generate(seed, instructions=instructions)


def test_all_features_appear() -> None:
    texts = "\n".join(generate(seed) for seed in range(400))
    for word in (
        "noalias", "load volatile", "atomicrmw", "fence", "alloca", "invoke", "switch", "phi double",
        "@g = global", "!tbaa", "#dbg_value", "half", "reassoc", "nuw nsw", "nneg", "memcpy", "@stops",
        "@reads", "x86-64-v3", "fcmp", "@llvm.umax", "disjoint", "!alias.scope", "exact",
    ):  # fmt: skip
        assert word in texts, word


def test_generated_kernels_run() -> None:
    """Against themselves under other names: nothing differs, and next to nothing is UNKNOWN."""
    with Checker() as checker:
        answers = [
            checker.verify(text, text.replace("%v", "%w"), ["@f"], seed=seed)[0]
            for seed, text in ((seed, generate(seed)) for seed in range(50))
        ]
    assert [a for a in answers if a.verdict is Verdict.MISCOMPILED] == []
    assert len([a for a in answers if a.verdict is Verdict.UNKNOWN]) <= 1


def _broken(text: str) -> str:
    """Turn the first floating-point subtraction around."""
    lines = text.split("\n")
    for position, line in enumerate(lines):
        if " = fsub " in line and line.count("%") == 3:
            head, a, b = line.rsplit(" ", 2)
            lines[position] = f"{head} {b}, {a.rstrip(',')}"
            break
    return "\n".join(lines)


def _crash(text: str) -> str:
    raise ValueError("no")


def test_a_campaign_counts(tmp_path: Path) -> None:
    same = campaign(range(5), lambda text: text)
    assert same.counts == {"unchanged": 5}
    assert (same.changed, same.ok, same.seeds) == (0, True, 5)
    crashed = campaign(range(2), _crash, keep=tmp_path)
    assert crashed.counts == {"crashed": 2}
    assert (tmp_path / "1.ll").is_file()
    invalid = campaign(range(2), lambda text: text.replace("ret i32", "ret i64"))
    assert invalid.counts == {"invalid": 2}
    broken = campaign(range(12), _broken, keep=tmp_path)
    assert broken.counts["miscompiled"] > 0
    assert all((tmp_path / f"{case.seed}.after.ll").is_file() for case in broken.failures)
    assert broken.summary()["miscompiled"] == broken.counts["miscompiled"]


@pytest.mark.parametrize("seed", [1, 4])
def test_reducing_keeps_what_fails(seed: int) -> None:
    text = generate(seed)
    word = "store"
    small = reduce(text, lambda candidate: word in candidate)
    assert word in small
    assert len(small.split("\n")) < len(text.split("\n")) / 2
    llvm.parse_assembly(small, context=llvm.create_context()).verify()
