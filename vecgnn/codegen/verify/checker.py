"""Whether a vectorized function does what the scalar one did, found out by running both.

``verify`` hands the two modules to a child process and returns one answer per function.  The child may
crash or hang; the caller never does.  VERIFIED says that every run agreed, not that the versions are
equivalent; UNKNOWN says why nothing could be said, and never counts as a pass.

Equal means bit for bit: result, all memory the function can reach with the bytes around it, and the order,
arguments and memory of calls.  Two things are left open because LLVM leaves them open: the payload and sign
of a NaN that is stored as a floating-point value, and rounding in functions whose own flags allow
reassociation, reciprocals, approximation or contraction (the reason says so).

An input does not count when the scalar version faults on it, does not end, or can be shown to compute poison
(overflow under nsw, a conversion out of range, ...).  External functions are stubs that record their calls,
read and disturb what their attributes let them, and in some runs do not return.  What is not seen: flags and
metadata that are wrong but that this machine's code does not act on, and volatile or atomic accesses in
another order.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from vecgnn.codegen.verify.worker import send
from vecgnn.errors import ToolError

REFUSED = "LLVM refuses the vectorized module"
"""How the reason begins where the vectorized module is not valid IR."""


class Verdict(Enum):
    VERIFIED = "verified"
    MISCOMPILED = "miscompiled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer for one function; ``runs`` inputs were compared."""

    function: str
    verdict: Verdict
    reason: str
    runs: int


class Checker:
    """A child process that checks one pair of modules after another; close it, or use it in a ``with``."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Checker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            if stream:
                try:
                    stream.close()
                except OSError:
                    continue

    def verify(
        self,
        before: str,
        after: str,
        functions: Sequence[str],
        *,
        seed: int = 0,
        runs: int = 16,
        timeout: float = 10.0,
        unchanged: bool = False,
    ) -> list[Verification]:
        """Run both versions of each function on the same inputs.

        ``timeout`` is in seconds per function.  A function whose isolated text is the same in both is
        VERIFIED without a run unless ``unchanged``.  Raises ToolError where the child cannot be started at
        all.
        """
        names = [name if name.startswith("@") else f"@{name}" for name in functions]
        answers: list[Verification] = []
        while len(answers) < len(names):
            left = names[len(answers) :]
            job = {
                "before": before,
                "after": after,
                "functions": left,
                "seed": seed,
                "runs": runs,
                "timeout": timeout,
                "unchanged": unchanged,
            }
            reason = self._send(job)
            while not reason and len(answers) < len(names):
                answer = self._receive(timeout + 30.0)
                if answer is None:
                    # Only reading runs outside a fork, and LLVM ends the process over a broken module
                    # that has debug information.
                    reason = f"{REFUSED}, or the process that reads it died or hung"
                else:
                    name, verdict, why, count = answer
                    answers.append(Verification(name, Verdict[verdict], why, count))
            if reason:
                self.close()
                answers.append(Verification(names[len(answers)], Verdict.UNKNOWN, reason, 0))
        return answers

    def _send(self, job: dict[str, object]) -> str:
        if self._child is None or self._child.poll() is not None:
            self.close()
            try:
                self._child = subprocess.Popen(
                    [sys.executable, "-m", "vecgnn.codegen.verify.worker"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
                )
            except OSError as error:
                raise ToolError(f"the process that checks functions could not be started: {error}") from error
        assert self._child.stdin
        try:
            send(self._child.stdin, job)
        except OSError:
            return "the process that checks it died"
        return ""

    def _receive(self, seconds: float) -> list | None:
        child = self._child
        assert child and child.stdout
        deadline = time.monotonic() + seconds
        data = b""
        wanted = 4
        while len(data) < wanted:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([child.stdout], [], [], left)[0]:
                return None
            piece = os.read(child.stdout.fileno(), wanted - len(data))
            if not piece:
                return None
            data += piece
            if len(data) == 4 and wanted == 4:
                wanted += struct.unpack("<I", data)[0]
        return json.loads(data[4:])


_shared: list[Checker] = []


def verify(
    before: str,
    after: str,
    functions: Sequence[str],
    *,
    seed: int = 0,
    runs: int = 16,
    timeout: float = 10.0,
) -> list[Verification]:
    """``Checker.verify`` with a child that is kept for the next call and ended with this process."""
    if not _shared:
        _shared.append(Checker())
        atexit.register(_shared[0].close)
    return _shared[0].verify(before, after, functions, seed=seed, runs=runs, timeout=timeout)
