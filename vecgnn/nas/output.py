"""What the benchmarks print: verified or not, and their own time."""

from __future__ import annotations

import re

from vecgnn.nas.sources import Sources

_VERDICT = re.compile(r"^\s*verification\s*=\s*(.*?)\s*$", re.MULTILINE | re.IGNORECASE)
_CLASS = re.compile(r"^\s*class\s*=\s*(.*?)\s*$", re.MULTILINE | re.IGNORECASE)
_SECONDS = re.compile(r"^\s*time in seconds\s*=\s*([-+.\deE]+)\s*$", re.MULTILINE | re.IGNORECASE)
_OWN_CLASS = re.compile(r"^\w+ class (\w+), size ", re.MULTILINE)
_OWN_SECONDS = re.compile(r"^\w+ time (\S+) seconds$", re.MULTILINE)
_WRONG = re.compile(r"^.* WRONG$", re.MULTILINE)


def judge(sources: Sources, letter: str, output: str, status: int) -> str:
    """Why a run of a benchmark does not count, "" where it is verified."""
    return (official_failure if sources.official else failure)(output, status, letter)


def failure(output: str, status: int, letter: str) -> str:
    """Why a run of our own programs does not count, "" where it is verified."""
    if ended := _ended(status):
        wrong = _WRONG.search(output)
        return f"verification failed: {' '.join(wrong[0].split())}" if wrong and status == 1 else ended
    if not output.endswith("verification successful\n"):
        return "no line that says: verification successful"
    found = _OWN_CLASS.search(output)
    return "" if found and found[1] == letter else _other_class(found and found[1], letter)


def official_failure(output: str, status: int, letter: str) -> str:
    """Why a run of an official program does not count, "" where it is verified.

    The last verdict counts.  A class that the program does not know (U, as it prints) is verified by nobody.
    """
    if ended := _ended(status):
        return ended
    verdicts = _VERDICT.findall(output)
    if not verdicts:
        return "no line that says: Verification = SUCCESSFUL"
    if verdicts[-1].upper() != "SUCCESSFUL":
        return f"verification: {verdicts[-1] or 'nothing said'}"
    classes = _CLASS.findall(output)
    return "" if classes and classes[-1] == letter else _other_class(classes[-1] if classes else None, letter)


def own_seconds(output: str) -> float | None:
    """The time that a program of either kind gives itself, None where it says none."""
    found = _SECONDS.findall(output) or _OWN_SECONDS.findall(output)
    try:
        return float(found[-1]) if found else None
    except ValueError:
        return None


def _ended(status: int) -> str:
    if status < 0:
        return f"ended by signal {-status}"
    return f"exit status {status}" if status else ""


def _other_class(found: str | None, letter: str) -> str:
    return f"ran class {found}, not {letter}" if found else f"does not say that it ran class {letter}"
