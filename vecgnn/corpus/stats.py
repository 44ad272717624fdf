"""What a corpus holds: sizes by split and origin, how solving went, what the best packings are made of."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from vecgnn.corpus.folder import Corpus, Entry, unique_modules
from vecgnn.corpus.labels import Label, read_labels
from vecgnn.corpus.pool import Call, Lost, Pool
from vecgnn.corpus.problems import module_of
from vecgnn.corpus.split import SPLITS
from vecgnn.corpus.surveys import Subject, posing, surveyed_subjects
from vecgnn.slp.pack import Pack


def statistics(
    corpus: Corpus, pool: Pool, progress: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Figures of a corpus as plain data: "groups" (a split's programs of one origin each) and "packs".

    Only modules that ``label`` has looked at count as functions.  Raises InputError where there is no corpus.
    """
    entries = corpus.entries()
    subjects = surveyed_subjects(corpus)
    labels, _ = read_labels(corpus)
    kept = posing(subjects)
    groups = [
        _group(split, origin, entries, subjects, kept, labels)
        for split in SPLITS
        for origin in dict.fromkeys(entry.origin for entry in entries)
        if any(entry.split == split and entry.origin == origin for entry in entries)
    ]
    modules = unique_modules(entries)
    packs, troubles = _packs(
        corpus, [label for label in labels.values() if label.hash in modules], pool, progress
    )
    return {
        "groups": groups,
        "targets": dict(sorted(Counter(subject.surveyed.target for subject in kept).items())),
        "packs": packs,
        "troubles": troubles,
    }


def _group(
    split: str,
    origin: str,
    entries: Sequence[Entry],
    subjects: Sequence[Subject],
    kept: Sequence[Subject],
    labels: dict[str, Label],
) -> dict[str, Any]:
    def ours(among: Iterable[Subject]) -> list[Subject]:
        return [s for s in among if s.split == split and s.entry.origin == origin]

    members = [entry for entry in entries if entry.split == split and entry.origin == origin]
    mine = ours(subjects)
    candidates = [subject for subject in mine if subject.surveyed.candidates]
    structures = ours(kept)
    answers = [
        labels[subject.surveyed.structure].answer
        for subject in structures
        if subject.surveyed.structure in labels
    ]
    good = [answer for answer in answers if not answer.failure and answer.scalar > 0]
    return {
        "split": split,
        "origin": origin,
        "programs": len({entry.program for entry in members}),
        "modules": len({entry.hash for entry in members}),
        "functions": len(mine),
        "skipped": sum(bool(subject.surveyed.skipped) for subject in mine),
        "with_candidates": len(candidates),
        "structures": len(structures),
        "labelled": len(answers),
        "instructions": _spread([subject.surveyed.instructions for subject in structures]),
        "candidates": _spread([subject.surveyed.candidates for subject in structures]),
        "statuses": dict(sorted(Counter(answer.status for answer in answers).items())),
        "solving_seconds": round(sum(answer.seconds for answer in answers), 1),
        "packed": sum(bool(answer.packs) for answer in answers),
        "above_greedy": sum(answer.objective < answer.greedy for answer in good),
        "greedy_reduction": _mean([-answer.greedy / answer.scalar for answer in good]),
        "ilp_reduction": _mean([-answer.objective / answer.scalar for answer in good]),
    }


def _spread(values: Sequence[int]) -> dict[str, float]:
    """Median, 90 % and largest."""
    if not values:
        return {}
    high = quantiles(values, n=10, method="inclusive")[-1] if len(values) > 1 else values[0]
    return {"median": median(values), "90%": round(high, 1), "max": max(values)}


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def _packs(
    corpus: Corpus, labels: Iterable[Label], pool: Pool, progress: Callable[[int, int], None] | None
) -> tuple[dict[str, Any], list[str]]:
    """How many packs of each opcode there are, by their lanes, and what modules could not be read."""
    by_module: dict[str, list[tuple[str, tuple[Pack, ...]]]] = defaultdict(list)
    for label in labels:
        if label.answer.packs:
            by_module[label.hash].append((label.name, label.answer.packs))
    calls = []
    for digest, chosen in by_module.items():
        path = corpus.modules / f"{digest}.bc"
        calls.append(Call(counted, (path, chosen), path))
    total: Counter[tuple[str, int]] = Counter()
    troubles: list[str] = []
    for number, (_, result) in enumerate(pool.run(calls), 1):
        if isinstance(result, Lost):
            troubles.append(result.reason)
        else:
            total.update(result)
        if progress:
            progress(number, len(calls))
    opcodes: dict[str, dict[str, int]] = defaultdict(dict)
    for (opcode, lanes), count in sorted(total.items()):
        opcodes[opcode][str(lanes)] = count
    widths: Counter[int] = Counter()
    for (_, lanes), count in total.items():
        widths[lanes] += count
    return {
        "widths": {str(lanes): count for lanes, count in sorted(widths.items())},
        "opcodes": dict(sorted(opcodes.items(), key=lambda item: -sum(item[1].values()))),
    }, troubles


def counted(path: Path, chosen: Sequence[tuple[str, Sequence[Pack]]]) -> Counter[tuple[str, int]]:
    """How often each opcode (an intrinsic's name, for a call) is packed in so many lanes, of a module."""
    functions = {function.name: function for function in module_of(path).functions}
    counts: Counter[tuple[str, int]] = Counter()
    for name, packs in chosen:
        for pack in packs:
            form = functions[name].instructions[pack.lanes[0]].form
            opcode = (
                form.callee.removeprefix("@").rpartition(".")[0] if form.opcode == "call" else form.opcode
            )
            if pack.kind == "reduce":
                counts[f"reduce {opcode}", len(pack.operands[0])] += 1
            else:
                counts[opcode, len(pack)] += 1
    return counts
