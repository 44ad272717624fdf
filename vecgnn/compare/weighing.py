"""The paragraphs of a report on run-time checks and on costs weighted by execution counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from vecgnn.compare.records import SCALAR, WEIGHTED, Comparison, FunctionCosts, ModuleCosts
from vecgnn.compare.summary import geometric

NAME = 26
"""Characters of the first column."""


def checks(comparison: Comparison, stages: Mapping[str, str]) -> Iterator[str]:
    """What the loop vectorizer's run-time checks cost, which no other paragraph counts."""
    sides = (SCALAR, *comparison.packers)
    functions = [
        each for each in comparison.functions if any(each.check_cost(s, t) for s in sides for t in stages)
    ]
    if not functions:
        return
    width = max(10, *(len(side) + 2 for side in sides))
    yield f"left out everywhere else: run-time checks of the loop vectorizer, in {len(functions)} functions"
    yield f"  {'':{NAME + 12}}" + "".join(f"{side:>{width}}" for side in sides)
    for stage, name in stages.items():
        apart = {
            side: sum(module.check_total(side, stage) for module in comparison.modules) for side in sides
        }
        whole = {
            side: sum(module.total(side, stage, checks=True) for module in comparison.modules)
            for side in sides
        }
        for what, row in (("cost", apart), ("all with them", whole)):
            yield f"  {f'{what}, {name}':{NAME + 12}}" + "".join(f"{row[side]:>{width}}" for side in sides)
        changes = (f"{_change(whole[side], whole[SCALAR]):>{width}}" for side in sides)
        yield f"  {'':{NAME + 12}}" + "".join(changes)


def weighted(comparison: Comparison, functions: bool = False) -> Iterator[str]:
    """Each block's cost times how often it ran: sums, change against scalar, and mean over modules."""
    if not comparison.weighted:
        return
    sides = (SCALAR, *comparison.packers)
    width = max(12, *(len(side) + 2 for side in sides))
    yield f"{'cost x executions':{NAME}}" + "".join(f"{side:>{width}}" for side in sides)

    def row(name: str, figures: Mapping[str, int]) -> str:
        scalar = figures[SCALAR]
        cells = "".join(f"{_change(figures[side], scalar):>{width}}" for side in comparison.packers)
        return f"{name[: NAME - 1]:{NAME}}{scalar:>{width}.4e}{cells}"

    def figures(of: ModuleCosts | FunctionCosts) -> dict[str, int]:
        if isinstance(of, ModuleCosts):
            return {side: of.total(side, WEIGHTED) for side in sides}
        return {side: of.cost(side, WEIGHTED) or 0 for side in sides}

    for module in comparison.modules:
        if module.weighted:
            yield row(module.name, figures(module))
        for function in module.functions if functions else ():
            if function.changed and function.weighted:
                yield row(f"  {function.name}", figures(function))
    sums = {side: sum(module.total(side, WEIGHTED) for module in comparison.modules) for side in sides}
    yield row("total", sums)
    means = (geometric(comparison, packer, WEIGHTED) for packer in comparison.packers)
    cells = "".join(f"{'-' if mean is None else f'{100 * (mean - 1):+.2f} %':>{width}}" for mean in means)
    yield f"{'geometric mean of modules':{NAME}}{'':{width}}{cells}"
    apart = {side: sum(module.check_total(side, WEIGHTED) for module in comparison.modules) for side in sides}
    if any(apart.values()):
        yield f"{'run-time checks apart':{NAME}}" + "".join(f"{apart[side]:>{width}.3e}" for side in sides)
    reasons = Counter(each.unweighted for each in comparison.functions if each.unweighted)
    for reason, count in reasons.most_common():
        yield f"without weights: {count} functions: {reason}"


def _change(cost: int, scalar: int) -> str:
    return f"{100 * (cost / scalar - 1):+.2f} %" if scalar else "-"
