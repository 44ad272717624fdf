"""One module through every packer and through LLVM's SLP, costed directly after packing and after the post
passes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from vecgnn import llvm
from vecgnn.best import DEFAULT_PRICE, best_of
from vecgnn.compare.causes import attribute
from vecgnn.compare.checks import checks_of
from vecgnn.compare.dominance import dearest, dominance
from vecgnn.compare.records import (
    BEST,
    FINISHED,
    LLVM,
    PACKED,
    SCALAR,
    Checks,
    FunctionCosts,
    ModuleCosts,
    Outcome,
)
from vecgnn.compare.weights import Entries, cost_in, cost_of, split_blocks, weighted_cost, without
from vecgnn.errors import InputError, ToolError
from vecgnn.ir.header import top_level
from vecgnn.slp.pack import DEFAULT_EFFORT, Effort
from vecgnn.store import vectorize_stored
from vecgnn.vectorize import FunctionReport

Printed = Mapping[str, Entries]
"""Each function's instructions with the cost printed for them."""
Places = Mapping[str, frozenset[int]]
"""Positions of blocks by function, where there are any."""

_FUNCTION = re.compile(r"^define .*?^}\n?", re.MULTILINE | re.DOTALL)
_LOCAL = re.compile(r'%(?:[-\w$.]+|"[^"]*")')
_NUMBERS = re.compile(r"#\d+|, ![\w.]+ !\d+|, !srcloc !\d+")
_TIMED = re.compile(r"\) +(\d+\.\d+) \([^)]*\) +(\S+)$")


CXX = frozenset({".cc", ".cpp", ".cxx", ".C"})
"""How names of C++ files end."""


def before_slp_of(path: Path, flags: Sequence[str]) -> str:
    """The IR that reaches the SLP vectorizer: a C or C++ file through clang -O3 up to there, IR as it is.

    Raises ToolError where clang or opt is missing or refuses the file, InputError for an unreadable one.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.suffix in (".ll", ".bc"):
        return llvm.run_passes(path.read_bytes(), "verify")
    clang = "clang++" if path.suffix in CXX else "clang"
    options = ["-O3", *flags, "-Xclang", "-disable-llvm-passes", "-S", "-emit-llvm", "-o", "-"]
    return llvm.before_slp(llvm.run_tool(clang, [*options, str(path)]))


@dataclass(frozen=True, slots=True)
class _Packed:
    """What one packer made of the module."""

    text: str
    changed: frozenset[str]
    reports: Mapping[str, FunctionReport]
    seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Measured:
    """One module compared, and the modules that came out, by packer ("scalar" for the one that went in)."""

    costs: ModuleCosts
    texts: Mapping[str, str]


def compare(
    name: str,
    ir: str,
    packers: Sequence[str],
    mcpu: str | None = None,
    effort: Effort = DEFAULT_EFFORT,
) -> ModuleCosts:
    """Run every packer named (and LLVM's SLP for "llvm") over the same module, and cost what comes out.

    ``mcpu`` and ``effort`` are those of ``vectorize_text``.  Raises KeyboardInterrupt where the user stopped
    a packer, InputError and ToolError as that function and LLVM's tools do.
    """
    return measure(name, name, ir, packers, mcpu, effort).costs


def measure(
    name: str,
    file: str,
    ir: str | bytes,
    packers: Sequence[str],
    mcpu: str | None = None,
    effort: Effort = DEFAULT_EFFORT,
    store: Path | None = None,
    counts: Mapping[str, Sequence[int]] | None = None,
    price: str = DEFAULT_PRICE,
) -> Measured:
    """``compare``, with the modules that came out; ``file`` is where the module came from, ``store`` that of
    ``vectorize_stored``, which files a module under the very text or bitcode given; ``counts`` says how often
    each block ran, by function (``vecgnn.counts.counts_of``), ``price`` is that of ``best_of``."""
    source, ir = ir, ir if isinstance(ir, str) else llvm.run_passes(ir, "verify")
    with TemporaryDirectory() as found:  # what "best" chooses from is what the packers beside it have found
        kept = Path(found) if store is None and BEST in packers else store
        packed = {packer: _packed(name, ir, source, packer, mcpu, effort, kept, price) for packer in packers}
    texts = {SCALAR: ir, **{packer: done.text for packer, done in packed.items()}}
    after = {side: llvm.after_slp(text) for side, text in texts.items()}
    printed = {side: llvm.printed_costs(text) for side, text in texts.items()}
    finished = {side: llvm.printed_costs(text) for side, text in after.items()}
    # Directly after packing every side has the scalar module's blocks.
    checks = _same_blocks(checks_of(ir), printed)
    checks_after = {side: checks_of(text) for side, text in after.items()}
    functions = []
    for function in printed[SCALAR]:
        entries = {side: costs[function] for side, costs in printed.items()}
        there = checks.get(function, frozenset())
        unweighted = "" if counts is None else _unweighted(entries, counts.get(function))
        times = None if counts is None or unweighted else counts[function]
        figures = {
            side: _Figures(
                cost_of(entries[side]),
                _sum(finished[side].get(function)),
                None if times is None else weighted_cost(entries[side], times),
                Checks(
                    cost_in(entries[side], there),
                    cost_in(finished[side].get(function, ()), checks_after[side].get(function, ())),
                    0 if times is None else weighted_cost(entries[side], times, there),
                ),
            )
            for side in texts
        }
        outcomes = {packer: _outcome(function, done, figures[packer]) for packer, done in packed.items()}
        scalar = figures[SCALAR]
        functions.append(
            FunctionCosts(
                function,
                len(entries[SCALAR]),
                scalar.packed,
                scalar.finished,
                outcomes,
                weighted=scalar.weighted,
                checks=scalar.checks,
                unweighted=unweighted,
            )
        )
    shown = {side: _without_checks(costs, checks) for side, costs in printed.items()}
    shown_after = {side: _without_checks(costs, checks_after[side]) for side, costs in finished.items()}
    causes = attribute(functions, texts, mcpu)
    costs = ModuleCosts(
        name,
        file,
        tuple(replace(function, cause=causes.get(function.name)) for function in functions),
        {packer: done.seconds for packer, done in packed.items()},
        {side: dearest(costs) for side, costs in shown.items()},
        (*dominance(PACKED, shown), *dominance(FINISHED, shown_after)),
        tuple(
            f"{name}: {packer}: {report.name}: {report.reason}"
            for packer, done in packed.items()
            for report in done.reports.values()
            if report.bug
        ),
    )
    return Measured(costs, texts)


@dataclass(frozen=True, slots=True)
class _Figures:
    """What one side of a function costs."""

    packed: int
    finished: int | None
    weighted: int | None
    checks: Checks


def _sum(entries: Entries | None) -> int | None:
    return None if entries is None else cost_of(entries)


def _same_blocks(checks: Places, printed: Mapping[str, Printed]) -> Places:
    """Of the blocks found in the scalar text those of functions of which every side has as many blocks."""
    return {
        function: blocks
        for function, blocks in checks.items()
        if function in printed[SCALAR]
        and len({len(split_blocks(costs[function])) for costs in printed.values()}) == 1
    }


def _without_checks(printed: Printed, checks: Places) -> Printed:
    return {function: without(entries, checks.get(function, ())) for function, entries in printed.items()}


def _unweighted(entries: Mapping[str, Entries], counts: Sequence[int] | None) -> str:
    """Why a function's costs cannot be weighted, "" where they can."""
    if counts is None:
        return "not counted"
    for side, costs in entries.items():
        if (blocks := len(split_blocks(costs))) != len(counts):
            return f"{len(counts)} blocks were counted, and {side} has {blocks}"
    return ""


def _outcome(function: str, done: _Packed, figures: _Figures) -> Outcome:
    report = done.reports.get(function)
    if report is None:
        return Outcome(
            figures.packed,
            figures.finished,
            function in done.changed,
            weighted=figures.weighted,
            checks=figures.checks,
        )
    return Outcome(
        figures.packed,
        figures.finished,
        report.changed,
        report.cost_before if report.changed else None,
        report.cost_after if report.changed else None,
        report.status,
        report.bound,
        dict(report.packs),
        report.reason,
        figures.weighted,
        figures.checks,
    )


def _packed(
    name: str,
    ir: str,
    source: str | bytes,
    packer: str,
    mcpu: str | None,
    effort: Effort,
    store: Path | None,
    price: str,
) -> _Packed:
    if packer == LLVM:
        return _llvm(ir)
    if packer != BEST:
        return _ours(name, source, packer, mcpu, effort, store)
    best = best_of(source, name=name, price=price, mcpu=mcpu, effort=effort, store=store)
    if best.interrupted:
        raise KeyboardInterrupt
    if best.trouble:  # other functions than by that price would be taken for its choice
        raise ToolError(best.trouble)
    changed = frozenset(choice.function for choice in best.changed)
    steps = {step: round(s, 6) for step, s in best.seconds.items() if step not in best.results}
    search = sum(best.seconds[packer] for packer in best.results)
    return _Packed(best.text, changed, {}, {"pack": round(search, 6), **steps})


def _ours(
    name: str, ir: str | bytes, packer: str, mcpu: str | None, effort: Effort, store: Path | None
) -> _Packed:
    result = vectorize_stored(store, ir, name=name, packer=packer, mcpu=mcpu, effort=effort)
    if result.interrupted:  # half an answer would be taken for what the packer can do
        raise KeyboardInterrupt
    reports = {report.name: report for report in result.functions}
    changed = frozenset(report.name for report in result.changed)
    return _Packed(result.text, changed, reports, {step: round(s, 6) for step, s in result.seconds.items()})


def _llvm(ir: str) -> _Packed:
    text = llvm.slp(ir)
    before, after = _bodies(ir), _bodies(text)
    changed = frozenset(name for name, body in before.items() if after.get(name) != body)
    return _Packed(text, changed, {}, slp_seconds(ir))


def slp_seconds(ir: str) -> dict[str, float]:
    """Seconds of wall time that ``opt -time-passes`` gives for LLVM's SLP: "pack" for the pass itself,
    "analyses" for all that it asks for (alias analyses, scalar evolution, the target's costs).  Parsing and
    printing are in neither.  Raises ToolError where opt fails."""
    passes = "require<globals-aa>,function(slp-vectorizer)"
    _, said = llvm.run_tool_messages("opt", [f"-passes={passes}", "-time-passes", "-disable-output"], ir)
    return _read_times(said)


def _read_times(said: str) -> dict[str, float]:
    """opt's tables of analyses and of passes; the last column before a name is wall time."""
    seconds = {"pack": 0.0, "analyses": 0.0}
    found = False
    for line in said.splitlines():
        if timed := _TIMED.search(line):
            if timed[2] == "SLPVectorizerPass":
                seconds["pack"] += float(timed[1])
                found = True
            elif timed[2].endswith(("Analysis", "AA", "AAManager")) and timed[2] != "VerifierAnalysis":
                seconds["analyses"] += float(timed[1])
    if not found:
        raise ToolError("opt -time-passes has not said how long its SLP pass took")
    return {step: round(value, 6) for step, value in seconds.items()}


def _bodies(text: str) -> dict[str, Counter[str]]:
    """Each function's instructions without names and numbers, which SLP may change without packing anything,
    and in no order, which it may too."""
    bodies: dict[str, Counter[str]] = {}
    for found in _FUNCTION.finditer(text):
        lines = found[0].split("\n")
        bodies[top_level(lines[0])] = Counter(
            _NUMBERS.sub("", _LOCAL.sub("%", line))
            for line in lines[1:]
            if line.startswith("  ") and not line.startswith(("  uselistorder", "    #dbg"))
        )
    return bodies
