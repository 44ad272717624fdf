"""A comparison as lines of text: table, summary, causes, and where single instructions carry a total."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vecgnn.compare.records import (
    FINISHED,
    LLVM,
    PACKED,
    SCALAR,
    WEIGHTED,
    Comparison,
    Dominance,
    FunctionCosts,
    ModuleCosts,
)
from vecgnn.compare.summary import Duel, cause_counts, duels, seconds, total_dominance
from vecgnn.compare.weighing import checks, weighted

NAME = 26
"""Characters of the first column."""
SHOWN = 6
"""Cases of dominance that are printed where not all are asked for."""
STAGES = {PACKED: "directly after packing", FINISHED: "after the post passes"}
WITH_WEIGHTS = {**STAGES, WEIGHTED: "directly after packing, weighted by executions"}


def report(comparison: Comparison, functions: bool = False) -> str:
    """All of it; ``functions`` asks for a line for each function that a packer changed."""
    parts = [
        _table(comparison, functions),
        checks(comparison, STAGES),
        weighted(comparison, functions),
        _time(comparison),
        *_duels(comparison),
        _causes(comparison, functions),
        _dominance(comparison, functions),
        _failures(comparison),
    ]
    return "\n\n".join("\n".join(lines) for part in parts if (lines := list(part))) + "\n"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _clipped(name: str, width: int) -> str:
    return name if len(name) <= width else name[: width - 1] + "…"


def _table(comparison: Comparison, functions: bool) -> Iterator[str]:
    sides = [SCALAR, *comparison.packers]
    width = max(9, *(len(side) + 2 for side in sides))
    group = width * len(sides)
    yield (
        f"{'printed cost':{NAME}}{STAGES[PACKED]:>{group}}  {STAGES[FINISHED]:>{group}}"
        f"  {'seconds packing':>{width * (len(sides) - 1)}}"
    )
    names = "".join(f"{side:>{width}}" for side in sides)
    yield f"{'':{NAME}}{names}  {names}  " + "".join(f"{side:>{width}}" for side in sides[1:])

    def costs(of: ModuleCosts | FunctionCosts) -> str:
        cells = []
        for stage in STAGES:
            figures = [
                of.total(side, stage) if isinstance(of, ModuleCosts) else of.cost(side, stage)
                for side in sides
            ]
            cells.append("".join(f"{'-' if each is None else each:>{width}}" for each in figures))
        return "  ".join(cells)

    for module in comparison.modules:
        times = "".join(f"{module.seconds[side].get('pack', 0.0):>{width}.3f}" for side in sides[1:])
        yield f"{_clipped(module.name, NAME - 1):{NAME}}{costs(module)}  {times}"
        for function in module.functions if functions else ():
            if function.changed:
                name = _clipped(function.name, NAME - 3)
                yield f"  {name:{NAME - 2}}{costs(function)}" + (
                    f"    llvm by {function.cause.difference}: {function.cause.name}"
                    if function.cause
                    else ""
                )
    sums = {
        (side, stage): sum(module.total(side, stage) for module in comparison.modules)
        for stage in STAGES
        for side in sides
    }
    cells = ["".join(f"{sums[side, stage]:>{width}}" for side in sides) for stage in STAGES]
    times = "".join(f"{seconds(comparison.modules, side).get('pack', 0.0):>{width}.3f}" for side in sides[1:])
    yield f"{'total':{NAME}}{'  '.join(cells)}  {times}"
    changes = [
        "".join(
            f"{100 * (sums[side, stage] / max(1, sums[SCALAR, stage]) - 1):>+{width - 2}.1f} %"
            for side in sides
        )
        for stage in STAGES
    ]
    yield f"{'':{NAME}}{'  '.join(changes)}"


def _time(comparison: Comparison) -> Iterator[str]:
    for packer in comparison.packers:
        steps = seconds(comparison.modules, packer)
        what = "SLP pass" if packer == LLVM else "packing"
        rest = "with its analyses" if packer == LLVM else "from reading to verified text"
        yield (f"time of {packer}: {what} {steps.get('pack', 0.0):.2f} s, {rest} {sum(steps.values()):.2f} s")


def _duels(comparison: Comparison) -> Iterator[Iterator[str]]:
    """A paragraph for each pair of packers."""
    by_pair: dict[tuple[str, str], list[Duel]] = {}
    for stage in WITH_WEIGHTS if comparison.weighted else STAGES:
        for each in duels(comparison, stage):
            by_pair.setdefault((each.packer, each.rival), []).append(each)
    for pair in by_pair.values():
        yield _pair(comparison, pair)


def _pair(comparison: Comparison, pair: Sequence[Duel]) -> Iterator[str]:
    first = pair[0]
    yield (
        f"{first.packer} against {first.rival}, over the {first.functions} of {len(comparison.functions)} "
        "functions that either changes (cost reduction by function, relative to scalar):"
    )
    for each in pair:
        fewer = f" ({each.functions} functions that ran)" if each.stage == WEIGHTED else ""
        yield f"  {WITH_WEIGHTS[each.stage]}{fewer}:"
        for name, figures in ((each.packer, each.ours), (each.rival, each.theirs)):
            dearer = f"; makes {figures.dearer} dearer, by {figures.dearer_by}" if figures.dearer else ""
            yield (
                f"    {name:8} mean {_percent(figures.mean):>7}, median {_percent(figures.median):>7}, "
                f"mean with dearer ones left scalar {_percent(figures.kept):>7}{dearer}"
            )
        yield f"    {_verdict(each)}; {each.wins} wins, {each.ties} ties, {each.losses} losses"


def _verdict(each: Duel) -> str:
    def said(more: float | None) -> str:
        if more is None:
            return f"no ratio, as the mean of {each.rival} is not above 0"
        return f"{_percent(abs(more))} {'more' if more >= 0 else 'less'} reduction than {each.rival}"

    if each.more == each.more_kept:
        return said(each.more)
    return f"{said(each.more)} ({said(each.more_kept)} with dearer ones left scalar)"


def _causes(comparison: Comparison, functions: bool) -> Iterator[str]:
    wins = [
        (module, function) for module in comparison.modules for function in module.functions if function.cause
    ]
    if not wins:
        return
    difference = sum(function.cause.difference for _, function in wins if function.cause)
    yield (
        f"llvm is cheaper than the best of ours in {len(wins)} functions directly after packing, "
        f"by {difference} in all, because of:"
    )
    counts = cause_counts(comparison.functions)
    width = max(len(each.name) for each in counts) + 2
    yield f"  {'cause':{width}}{'functions':>10}{'cost':>8}{'also in':>10}"
    for each in counts:
        yield f"  {each.name:{width}}{each.functions:>10}{each.difference:>8}{each.besides:>10}"
    for module, function in wins if functions else ():
        cause = function.cause
        assert cause is not None
        yield f"  {module.name} {function.name}: llvm by {cause.difference}, {cause.name}"
        for form, shown in cause.forms.items():
            yield f"      {form}: {shown}"
        if cause.note:
            yield f"      {cause.note}"


def _dominance(comparison: Comparison, everything: bool) -> Iterator[str]:
    """The weightiest cases, or all of them: totals of everything first, then what carries most."""
    found = [("all modules", each) for each in total_dominance(comparison)]
    by_module = [(module.name, each) for module in comparison.modules for each in module.dominance]
    found += sorted(by_module, key=lambda case: -sum(dear.cost for dear in case[1].instructions))
    if not found:
        yield "No total and no difference hangs on a few instructions."
        return
    yield f"Where a few instructions carry a total or a difference ({len(found)} cases):"
    for name, each in found if everything else found[:SHOWN]:
        yield f"  {name}, {_where(each)}:"
        for dear in each.instructions:
            yield f"      {dear.cost:>6}  {dear.function}: {dear.text}"
    if len(found) > SHOWN and not everything:
        yield f"  ... and {len(found) - SHOWN} more: --functions"


def _where(each: Dominance) -> str:
    stage = STAGES[each.stage]
    of = f"what {each.side} is dearer than {each.against}" if each.against else f"the total of {each.side}"
    return f"{stage}: {_percent(each.share)} of {of}"


def _failures(comparison: Comparison) -> Sequence[str]:
    lines = [f"left out: {failure.error}" for failure in comparison.failures]
    bugs = [f"BUG, please report: {bug}" for module in comparison.modules for bug in module.bugs]
    return lines + bugs
