"""CPU time by function, from ``perf record`` on the CPU clock, which needs no hardware counters."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

PERIOD = 100_000
"""Nanoseconds of CPU time between two samples."""


def sampled(command: Sequence[str | os.PathLike[str]]) -> dict[str, float]:
    """Seconds of CPU time by function in one run of a program, the system's functions among them.

    Ends with a message where perf is missing or may not sample.  Raises CalledProcessError where the program
    fails.
    """
    with tempfile.NamedTemporaryFile(suffix=".perf") as data:
        record = ["perf", "record", "-q", "-e", "cpu-clock", "-c", str(PERIOD), "-o", data.name, "--"]
        try:
            subprocess.run([*record, *command], check=True, capture_output=True)
        except FileNotFoundError:
            sys.exit("perf is not installed: it comes with linux-perf or linux-tools")
        script = ["perf", "script", "-i", data.name, "-F", "ip,sym"]
        said = subprocess.run(script, check=True, capture_output=True, text=True).stdout
    if not said.strip():
        sys.exit(f"perf took no sample of {Path(command[0]).name}: see /proc/sys/kernel/perf_event_paranoid")
    counts = Counter(line.split(None, 1)[-1].strip() for line in said.splitlines() if line.strip())
    return {name: count * PERIOD * 1e-9 for name, count in counts.items()}
