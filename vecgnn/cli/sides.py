"""What ``vecgnn vectorize --packer best`` says: which version of each function was taken, by which prices."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vecgnn.best import Best, Choice
    from vecgnn.codegen.verify import Verification


def as_json(name: str, best: Best, verdicts: Sequence[Verification]) -> dict[str, object]:
    """The choices as plain data."""
    return {
        "file": name,
        "packer": "best",
        "price": best.price,
        "functions": len(best.choices),
        "changed": len(best.changed),
        "sides": best.sides,
        "trouble": best.trouble,
        "bugs": list(best.bugs),
        "interrupted": best.interrupted,
        "seconds": {part: round(seconds, 4) for part, seconds in best.seconds.items()},
        "by_function": [
            {"name": choice.function, "side": choice.side, "prices": dict(choice.prices)}
            for choice in best.choices
        ],
        "verify": [
            {"name": verdict.function, "verdict": verdict.verdict.name, "reason": verdict.reason}
            for verdict in verdicts
        ],
    }


def print_summary(name: str, best: Best, verdicts: Sequence[Verification]) -> None:
    """The choices as lines on standard error."""

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    sides = ", ".join(f"{count} {side}" for side, count in best.sides.items())
    functions = "function" if len(best.choices) == 1 else "functions"
    say(f"{name}: {len(best.choices)} {functions}: {sides or 'none'}; by {best.price}")
    for choice in best.choices:
        if choice.prices or choice in best.changed:
            say(f"  {choice.function}: {_priced(choice)}")
    for bug in best.bugs:
        say(f"  BUG, please report: {bug}")
    if best.trouble:
        say(f"  {best.trouble}")
    if best.interrupted:
        say("  interrupted: what was packed by then was priced and is in the output")
    for verdict in verdicts:
        say(f"  {verdict.function}: {verdict.verdict.name}{': ' + verdict.reason if verdict.reason else ''}")
    say("  time: " + ", ".join(f"{part} {seconds:.2f} s" for part, seconds in best.seconds.items()))


def _priced(choice: Choice) -> str:
    if choice.side not in choice.prices:
        return choice.side
    others = ", ".join(f"{side} {price:.1f}" for side, price in choice.prices.items() if side != choice.side)
    return f"{choice.side} {choice.prices[choice.side]:.1f} ({others})"
