"""Saved results of policy.py as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from policy_figures import (
    GREEDY,
    ILP,
    LLVM,
    Function,
    functions_of,
    grouped,
    packers_of,
    ratio,
    records_of,
    reductions,
    score,
    unposed_of,
)
from policy_markdown import host_line, markdown, percent, times

LARGE = 1000
"""Instructions of a function that counts as large."""


def evaluated(table: dict[str, Any]) -> str:
    """The tables of one ``evaluate``."""
    functions = functions_of(table)
    packers = packers_of(functions)
    mine = [packer for packer in packers if packer.startswith("policy")]
    unposed = unposed_of(table)
    parts = [_about(table, functions)]
    rows = [("all", functions)]
    rows += [(target, group) for target, group in grouped(functions, lambda f: f.target).items()]
    rows = rows[1:] if len(rows) == 2 else rows
    if unposed:
        rows.append(("all, and functions without candidates", [*functions, *unposed]))
    parts.append("Mean relative cost reduction over functions that any of them changes (%)")
    parts.append(_reductions(rows, packers, "mean"))
    parts.append("Reduction of the summed cost of all functions (%)")
    parts.append(_reductions(rows, packers, "total"))
    parts.append("The policy beside the others: its mean reduction as a share, and function by function")
    parts.append(_beside(rows[: len(rows) - bool(unposed)], mine, packers))
    parts.append("By program (mean reduction, %)")
    programs = grouped(functions, lambda f: f"{f.program}, {f.target}")
    parts.append(_reductions(list(programs.items()), packers, "mean"))
    parts.append("Where the integer program ran out of time (mean reduction, %)")
    parts.append(_reductions(_unproved(functions), packers, "mean"))
    parts.append(_beside(_unproved(functions), mine, [ILP]))
    parts.append("Seconds to pack")
    parts.append(_seconds(table, rows[: len(rows) - bool(unposed)], packers))
    return "\n\n".join(part for part in parts if part)


def _about(table: dict[str, Any], functions: Sequence[Function]) -> str:
    records = records_of(table)
    compared = [record for record in records if record["candidates"] and "llvm" in record]
    unlike = sum(record["llvm"]["scalar"] != record["scalar"] for record in compared)
    faults = [f"{record['name']}: {fault}" for record in records for fault in record.get("faults", ())]
    crashed = [module["crash"] for module in table["modules"] if "crash" in module]
    batched = sum(
        found != record["policy"][rollouts]
        for record in records
        if record["candidates"]
        for rollouts, found in record["batched"].items()
    )
    unproved = sum(not function.proved for function in functions)
    settings, instructions = table["settings"], sum(function.instructions for function in functions)
    modules, splits = len(table["modules"]), ", ".join(settings["splits"])
    lines = [
        f"{len(functions)} functions of {modules} modules, {instructions} instructions; splits {splits}.",
        f"Weights {table['weights'][:12]}; {host_line(table)}.",
        f"The integer program ran out of time on {unproved}.",
        f"LLVM prints another scalar cost than the estimated one for {unlike} of {len(compared)}.",
        f"In a batch the policy chose otherwise {batched} times.",
    ]
    if missing := sum(record["candidates"] > 0 for record in records) - len(functions):
        lines.append(f"Left out, as LLVM has no costs for their modules: {missing} functions.")
    if not table["complete"]:
        lines.append("NOT COMPLETE.")
    lines += [f"FAULT: {fault}" for fault in faults[:20]]
    lines += [f"CRASH: {crash.strip().splitlines()[-1]}" for crash in crashed[:20]]
    if len(faults) + len(crashed) > 0:
        lines.append(f"{len(faults)} faults, {len(crashed)} modules crashed.")
    return "\n".join(lines)


def _reductions(groups: Sequence[tuple[str, Sequence[Function]]], packers: Sequence[str], kind: str) -> str:
    rows = []
    for name, functions in groups:
        found = reductions(functions, packers)
        values = found.mean if kind == "mean" else found.total
        count = found.functions if kind == "mean" else len(functions)
        rows.append([name, str(count), *(percent(values[packer]) for packer in packers)])
    return markdown(["", "functions", *packers], rows)


def _beside(
    groups: Sequence[tuple[str, Sequence[Function]]], mine: Sequence[str], packers: Sequence[str]
) -> str:
    """For each policy a row: its share of each other packer's reduction, and wins, ties and losses."""
    others = [packer for packer in (LLVM, GREEDY, ILP) if packer in packers]
    head = ["", "packer"]
    for other in others:
        head += [f"of {other}'s" if other != LLVM else "over LLVM's", "wins, ties, losses"]
    rows = []
    for name, functions in groups:
        for packer in mine:
            row = [name, packer]
            for other in others:
                means = reductions(functions, [packer, other]).mean
                share = ratio(means[packer], means[other])
                if share is None:
                    row.append("–")
                elif other == LLVM:
                    row.append(f"{100 * (share - 1):+.1f} %")
                else:
                    row.append(f"{100 * share:.1f} %")
                row.append(" : ".join(map(str, score(functions, packer, other))))
            rows.append(row)
    return markdown(head, rows)


def _unproved(functions: Sequence[Function]) -> list[tuple[str, list[Function]]]:
    found = [function for function in functions if not function.proved]
    large = [function for function in found if function.instructions >= LARGE]
    return [("all of these", found), (f"of {LARGE} instructions and more", large)]


def _seconds(
    table: dict[str, Any], groups: Sequence[tuple[str, Sequence[Function]]], packers: Sequence[str]
) -> str:
    timed = [packer for packer in packers if packer != LLVM]
    rows = []
    for name, functions in groups:
        totals = {packer: sum(function.seconds[packer] for function in functions) for packer in timed}
        row = [name, str(len(functions)), *(f"{totals[packer]:.2f}" for packer in timed)]
        mine = [packer for packer in timed if packer.startswith("policy")]
        rows.append([*row, ", ".join(times(totals[ILP], totals[packer]) for packer in mine)])
    batches: dict[str, float] = {}
    for module in table["modules"]:
        for rollouts, seconds in module.get("batched_seconds", {}).items():
            batches[rollouts] = batches.get(rollouts, 0.0) + seconds
    whole = sum(record["seconds"]["ilp"] for record in records_of(table) if record["candidates"])
    said = "; ".join(
        f"{rollouts} rollout(s) {seconds:.2f} s, the integer program {times(whole, seconds)} times as long"
        for rollouts, seconds in batches.items()
    )
    head = ["", "functions", *timed, "integer program over policy"]
    return f"{markdown(head, rows)}\n\nThe policy on all functions of a module together: {said}."
