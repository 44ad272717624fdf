"""Tables and figures as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def host_line(table: dict[str, Any]) -> str:
    settings = table["settings"]
    return f"{table['host']['cpu']}, {settings['threads']} thread(s), {settings['jobs']} job(s)"


def percent(share: float) -> str:
    return f"{100 * share:.2f}"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the first column is text, the others figures."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|'}{'--:|' * (len(head) - 1)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines)


def times(part: float, whole: float) -> str:
    """How many times the second the first is."""
    return figures(part / whole) if whole else "–"


def milliseconds(seconds: float | None) -> str:
    return "–" if seconds is None else figures(1000 * seconds)


def figures(value: float) -> str:
    """Three figures, or all those before the point."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def troubles(table: dict[str, Any]) -> list[str]:
    """What is missing in a table, a line each."""
    crashes = [module["crash"] for module in table["modules"] if "crash" in module]
    lines = [] if table["complete"] else ["NOT COMPLETE."]
    lines += [f"CRASH: {crash.strip().splitlines()[-1]}" for crash in crashes[:20]]
    return [*lines, f"{len(crashes)} modules crashed."] if crashes else lines
