"""Many seeds through a vectorizer, each result verified by LLVM and by execution."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from vecgnn.codegen.verify import REFUSED, Checker, Verdict
from vecgnn.fuzz.generate import generate

Transform = Callable[[str], str]
"""A module's text in, the vectorized module's text out; what it raises counts as a crash."""


@dataclass(frozen=True, slots=True)
class Case:
    """What became of one seed: "unchanged", "verified", "unknown", "miscompiled", "crashed" or "invalid"."""

    seed: int
    outcome: str
    reason: str
    runs: int = 0

    @property
    def failed(self) -> bool:
        return self.outcome in ("miscompiled", "crashed", "invalid")


@dataclass(frozen=True, slots=True)
class CampaignResult:
    """Counts over all seeds; ``failures`` holds the miscompiled, crashed and invalid ones."""

    seeds: int
    counts: Mapping[str, int]
    unknown: Mapping[str, int]  # reason -> seeds
    failures: tuple[Case, ...]
    seconds: float

    @property
    def changed(self) -> int:
        return sum(
            self.counts.get(outcome, 0) for outcome in ("verified", "unknown", "miscompiled", "invalid")
        )

    @property
    def ok(self) -> bool:
        return not self.failures

    def summary(self) -> dict[str, object]:
        """The same as plain data, for JSON."""
        return {
            "seeds": self.seeds,
            "changed": self.changed,
            **{
                name: self.counts.get(name, 0) for name in ("unchanged", "verified", "unknown", "miscompiled")
            },
            "crashed": self.counts.get("crashed", 0),
            "invalid": self.counts.get("invalid", 0),
            "unknown_reasons": dict(self.unknown),
            "failures": [{"seed": c.seed, "outcome": c.outcome, "reason": c.reason} for c in self.failures],
            "seconds": round(self.seconds, 3),
        }


def check_text(
    text: str,
    transform: Transform,
    checker: Checker,
    seed: int = 0,
    *,
    runs: int = 16,
    timeout: float = 10.0,
) -> tuple[Case, str]:
    """One module through the transform and the checks; the case, and the text that came out ("" for none)."""
    try:
        after = transform(text)
    except Exception as error:
        return Case(seed, "crashed", f"{type(error).__name__}: {error}"), ""
    answer = checker.verify(text, after, ["@f"], seed=seed, runs=runs, timeout=timeout)[0]
    # The child parses, not this process: LLVM ends the process over some modules with debug information.
    if answer.verdict is Verdict.UNKNOWN and answer.reason.startswith(REFUSED):
        return Case(seed, "invalid", answer.reason), after
    if answer.verdict is Verdict.VERIFIED and answer.reason == "unchanged":
        return Case(seed, "unchanged", ""), after
    return Case(seed, answer.verdict.value, answer.reason, answer.runs), after


def campaign(
    seeds: Iterable[int],
    transform: Transform,
    *,
    instructions: int = 60,
    runs: int = 16,
    timeout: float = 10.0,
    keep: Path | None = None,
    progress: Callable[[Case], None] | None = None,
    stop_after: int = 0,
) -> CampaignResult:
    """Generate a kernel per seed, transform it, and compare by execution.

    Failing inputs and what came out are saved in ``keep`` as ``SEED.ll`` and ``SEED.after.ll``;
    ``stop_after`` failures end the campaign early.
    """
    started = time.perf_counter()
    counts: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    failures: list[Case] = []
    done = 0
    with Checker() as checker:
        for seed in seeds:
            text = generate(seed, instructions=instructions)
            case, after = check_text(text, transform, checker, seed, runs=runs, timeout=timeout)
            done += 1
            counts[case.outcome] += 1
            if case.outcome == "unknown":
                unknown[case.reason[:120]] += 1
            if case.failed:
                failures.append(case)
                if keep is not None:
                    keep.mkdir(parents=True, exist_ok=True)
                    comment = f"; {case.outcome}: {case.reason}\n".replace("\n", " ", case.reason.count("\n"))
                    (keep / f"{seed}.ll").write_text(comment + text)
                    if after:
                        (keep / f"{seed}.after.ll").write_text(after)
            if progress:
                progress(case)
            if stop_after and len(failures) >= stop_after:
                break
    return CampaignResult(done, counts, unknown, tuple(failures), time.perf_counter() - started)
