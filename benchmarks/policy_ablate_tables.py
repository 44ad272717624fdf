"""Saved ablations of policy.py as Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from policy_markdown import host_line, markdown, percent, troubles

Record = Mapping[str, Any]


def ablated(table: dict[str, Any]) -> str:
    """The table of one ``ablate``, and where the runs that it knows of got to."""
    functions = [function for module in table["modules"] for function in module.get("functions", ())]
    names = [variant["name"] for variant in table["variants"]]
    changed = [function for function in functions if any(_saved(function, name) for name in (*names, *_BOTH))]
    ilp = _mean(changed, "ilp")
    rows = []
    for name in (*_BOTH, *names):
        mean = _mean(changed, name)
        row = [
            name if name != "ilp" else "integer program",
            percent(mean),
            percent(mean / ilp if ilp else 0.0),
        ]
        row.append(percent(_total(functions, name)))
        row.append(" : ".join(map(str, _score(changed, name))))
        row.append(_seconds(functions, name))
        rows.append(row)
    head = ["", "mean reduction, %", "of the integer program's, %", "of the summed cost, %"]
    head += ["cheaper, equal, dearer than the integer program", "seconds"]
    prepared = sum(function["seconds"]["prepare"] for function in functions)
    splits = ", ".join(table["settings"]["splits"])
    about = [
        f"{len(functions)} functions of splits {splits}; {len(changed)} are changed by some of these.",
        f"{host_line(table)}.",
        f"Seconds are those of decoding; reading and encoding before it took {prepared:.1f} s.",
        *troubles(table),
    ]
    parts = ["\n".join(about), markdown(head, rows)]
    if table.get("runs"):
        parts.append(_runs(table["runs"]))
    return "\n\n".join(parts)


_BOTH = ("greedy", "ilp")


def _saved(function: Record, name: str) -> int:
    return -(function[name] if name in _BOTH else function["variants"][name]["objective"])


def _mean(functions: Sequence[Record], name: str) -> float:
    shares = [_saved(function, name) / function["scalar"] for function in functions if function["scalar"]]
    return statistics.fmean(shares) if shares else 0.0


def _total(functions: Sequence[Record], name: str) -> float:
    scalar = sum(function["scalar"] for function in functions)
    return sum(_saved(function, name) for function in functions) / scalar if scalar else 0.0


def _score(functions: Sequence[Record], name: str) -> tuple[int, int, int]:
    differences = [_saved(function, name) - _saved(function, "ilp") for function in functions]
    return (
        sum(difference > 0 for difference in differences),
        sum(difference == 0 for difference in differences),
        sum(difference < 0 for difference in differences),
    )


def _seconds(functions: Sequence[Record], name: str) -> str:
    if name == "greedy":
        return "–"
    if name == "ilp":
        return f"{sum(function['seconds']['ilp'] for function in functions):.1f}"
    return f"{sum(function['variants'][name]['seconds'] for function in functions):.1f}"


# Learning


def epochs_of(lines: Sequence[Record]) -> list[Record]:
    """The lines of a run's metrics that an epoch wrote."""
    return [line for line in lines if "epoch" in line and "ratio" in line]


def _runs(runs: Mapping[str, Sequence[Record]]) -> str:
    """The last and the best epoch of each stage of each run."""
    rows = []
    for name, lines in runs.items():
        stages: dict[str, list[Record]] = {}
        for line in epochs_of(lines):
            stages.setdefault(line["stage"], []).append(line)
        for stage, epochs in stages.items():
            best = max(epochs, key=lambda line: line["ratio"])
            row = [name, stage, str(len(epochs)), f"{best['loss']:.4f}", f"{best['f1']:.3f}"]
            rows.append(
                [*row, percent(best["policy"]), percent(best["ratio"]), f"{epochs[-1]['minutes']:.1f}"]
            )
    head = [
        "run",
        "stage",
        "epochs",
        "loss",
        "F1",
        "mean reduction, %",
        "of the labels', %",
        "minutes of the stage",
    ]
    return "Validation in training, each stage's best epoch\n\n" + markdown(head, rows)
