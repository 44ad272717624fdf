"""Saved times of policy.py as Markdown: medians over repetitions, then over functions of like size."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from policy_markdown import host_line, markdown, milliseconds, times, troubles

Record = Mapping[str, Any]

STEPS = ("enumerate", "encode", "network", "decode")


def functions_of(table: Record) -> list[Record]:
    return [function for module in table["modules"] for function in module.get("functions", ())]


def median(function: Record, *fields: str) -> float | None:
    """Of the sum of these fields over the repetitions; None where a field was not measured."""
    runs = [run for run in function["runs"] if all(field in run for field in fields)]
    return statistics.median(sum(run[field] for field in fields) for run in runs) if runs else None


def batches_of(table: Record) -> list[tuple[float, float]]:
    """Of each module that was packed at once, instructions and seconds for each of its functions."""
    found: list[tuple[float, float]] = []
    for module in table["modules"]:
        functions = module.get("functions", ())
        if functions:
            count = len(functions)
            instructions = sum(function["instructions"] for function in functions)
            found.append((instructions / count, statistics.median(module["batched"]) / count))
    return found


def timed(table: dict[str, Any]) -> str:
    """The tables of one ``time``."""
    functions = functions_of(table)
    parts = [_about(table, functions), _sizes(functions), _totals(table, functions)]
    if table.get("whole"):
        parts.append(_whole(table["whole"]))
    return "\n\n".join(parts)


def _about(table: dict[str, Any], functions: Sequence[Record]) -> str:
    settings = table["settings"]
    load = ", ".join(map(str, table["load_average"]))
    lines = [
        f"{len(functions)} functions of {len(table['modules'])} modules, {settings['rollouts']} rollout(s).",
        f"{settings['repetitions']} repetitions; weights {table['weights'][:12]}; {host_line(table)}.",
        f"Load before: {load}.",
    ]
    return "\n".join([*lines, *troubles(table)])


def _sizes(functions: Sequence[Record]) -> str:
    """Medians over functions between two powers of two."""
    classes: dict[int, list[Record]] = {}
    for function in functions:
        classes.setdefault(max(1, function["instructions"]).bit_length() - 1, []).append(function)
    head = ["instructions", "functions", "LLVM's SLP", "with its analyses", "greedy", "policy"]
    head += [*STEPS, "integer program", "over policy"]
    rows = []
    for size, members in sorted(classes.items()):
        policy = _middle(median(each, "policy") for each in members)
        ilp = _middle(each["ilp"] for each in members)
        row = [f"{2**size} to {2 ** (size + 1) - 1}", str(len(members))]
        row += [milliseconds(_middle(median(each, "llvm") for each in members))]
        row += [milliseconds(_middle(median(each, "llvm", "llvm_analyses") for each in members))]
        row += [milliseconds(_middle(median(each, "greedy") for each in members)), milliseconds(policy)]
        row += [milliseconds(_middle(median(each, step) for each in members)) for step in STEPS]
        rows.append([*row, milliseconds(ilp), times(ilp or 0.0, policy or 0.0)])
    return "Milliseconds for a function (medians)\n\n" + markdown(head, rows)


def _middle(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _totals(table: dict[str, Any], functions: Sequence[Record]) -> str:
    ilp = sum(function["ilp"] for function in functions)
    single = sum(median(function, "policy") or 0.0 for function in functions)
    modules = [module for module in table["modules"] if module.get("functions")]
    batched = sum(statistics.median(module["batched"]) for module in modules)
    greedy = sum(median(function, "greedy") or 0.0 for function in functions)
    priced = [function for function in functions if median(function, "llvm") is not None]
    llvm = sum(median(function, "llvm", "llvm_analyses") or 0.0 for function in priced)
    rows = [
        ["integer program", f"{ilp:.2f}", times(ilp, ilp)],
        ["policy, each function alone", f"{single:.2f}", times(ilp, single)],
        ["policy, a module's functions together", f"{batched:.2f}", times(ilp, batched)],
        ["greedy", f"{greedy:.2f}", times(ilp, greedy)],
    ]
    if len(priced) == len(functions):
        rows.append(["LLVM's SLP with its analyses", f"{llvm:.2f}", times(ilp, llvm)])
    return markdown(["all these functions", "seconds", "integer program's time over it"], rows)


def _whole(whole: Record) -> str:
    runs = whole["policy"]
    steps = {
        step: statistics.median(run["steps"].get(step, 0.0) for run in runs) for step in runs[0]["steps"]
    }
    said = ", ".join(f"{step} {seconds:.2f}" for step, seconds in steps.items())
    wall = statistics.median(run["seconds"] for run in runs)
    clang = statistics.median(whole["clang"])
    passed, analyses = (statistics.median(run[place] for run in whole["llvm"]) for place in (0, 1))
    rows = [
        ["`vecgnn vectorize`, the whole process", f"{wall:.2f}"],
        [f"of it: {said}", f"{sum(steps.values()):.2f}"],
        ["`clang -O3 -c` on the same module", f"{clang:.2f}"],
        ["LLVM's SLP in it", f"{passed:.2f}"],
        ["the analyses that its SLP asks for", f"{analyses:.2f}"],
    ]
    head = [f"a module of {whole['instructions']} instructions, {whole['changed']} functions changed"]
    return markdown([*head, "seconds"], rows)
