"""The same functions by several networks and ways of decoding, and by the search without a network."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from policy_subjects import Task, fresh, problem

from vecgnn.errors import InputError
from vecgnn.policy import weights
from vecgnn.policy.decode import Decoding, Instance, decode, instance_of
from vecgnn.slp.exchange import Exchange
from vecgnn.slp.greedy import pack_greedily
from vecgnn.slp.pack import Pack

Record = dict[str, Any]

SEARCHES = ("no network: all candidates swept", "no network: greedy, then swept")
"""What the exact price makes of the candidates alone, which the polishing of a decoding is a part of."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A network's file and how to decode by it; without a file one of ``SEARCHES``."""

    name: str
    weights: str = ""
    decoding: Decoding = field(default_factory=Decoding)


def variants_of(weights: dict[str, str], decodings: list[tuple[str, Decoding]]) -> list[Variant]:
    """Each network with the default decoding and with no polish; the first also with the decodings given."""
    found: list[Variant] = []
    for place, (name, file) in enumerate(weights.items()):
        ways = [("", Decoding()), (", no polish", Decoding(polish=False))]
        ways += decodings if place == 0 else []
        found += [Variant(name + suffix, file, how) for suffix, how in ways]
    return list({(each.weights, each.decoding): each for each in reversed(found)}.values())[::-1] + [
        Variant(name) for name in SEARCHES
    ]


def decodings(passes: tuple[int, ...], rollouts: tuple[int, ...]) -> list[tuple[str, Decoding]]:
    """These numbers of passes, with and without polish, and of rollouts."""
    default = Decoding()
    found: list[tuple[str, Decoding]] = []
    for count in passes:
        how = replace(default, passes=count)
        said = f", {count} pass{'' if count == 1 else 'es'}"
        found += [(said, how), (f"{said}, no polish", replace(how, polish=False))]
    for count in rollouts:
        how = replace(default, rollouts=count)
        said = f", {count} rollout{'' if count == 1 else 's'}"
        found += [(said, how), (f"{said}, no polish", replace(how, polish=False))]
    return found


def read_named(given: list[str]) -> dict[str, str]:
    """NAME=PATH each.  Raises InputError."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, path = text.partition("=")
        if not equals or not name or not path:
            raise InputError(f"{text}: give NAME=PATH")
        found[name] = path
    return found


def read_metrics(folder: str) -> list[Record]:
    """What a run of ``vecgnn train`` wrote down, line by line.  Raises InputError."""
    file = Path(folder) / "metrics.jsonl"
    try:
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}") from None
    except ValueError:
        raise InputError(f"{file}: not the metrics of a training run") from None


def ablated(task: Task, variants: list[Variant]) -> Record:
    records: list[Record] = []
    for function in task.labelled:
        answer = function.answer
        assert answer is not None
        started = time.perf_counter()
        instance = instance_of(problem(task, function))
        prepared = time.perf_counter() - started
        found: Record = {}
        for variant in variants:
            scorer = weights.scorer(Path(variant.weights)) if variant.weights else None
            started = time.perf_counter()
            if scorer is not None:
                packs = decode(scorer, [instance], variant.decoding)[0]
            else:
                packs = _searched(instance, greedy=variant.name == SEARCHES[1])
            seconds = time.perf_counter() - started
            found[variant.name] = {"objective": _price(instance, packs), "seconds": round(seconds, 6)}
        records.append(
            {
                "name": function.name,
                "program": function.program,
                "target": function.target,
                "instructions": function.instructions,
                "candidates": answer.candidates,
                "scalar": answer.scalar,
                "greedy": answer.greedy,
                "ilp": answer.objective,
                "status": answer.status,
                "seconds": {"ilp": answer.seconds, "prepare": round(prepared, 6)},
                "variants": found,
            }
        )
    return {"module": task.hash, "functions": records}


def _searched(instance: Instance, greedy: bool) -> list[Pack]:
    """A sweep over all candidates, from nothing or from greedy's packs; never dearer than the start."""
    start = pack_greedily(fresh(instance.problem)).packing.packs if greedy else ()
    exchange = Exchange(instance.pricer, instance.graph.packs, start)
    exchange.sweep(instance.graph.packs)
    chosen = list(exchange.chosen)
    instance.pricer.update(remove=chosen)
    return chosen


def _price(instance: Instance, packs: list[Pack]) -> int:
    pricer = instance.pricer
    pricer.update(add=packs)
    objective = pricer.total - pricer.scalar
    pricer.update(remove=packs)
    return objective


def described(variants: list[Variant]) -> list[Record]:
    """The variants as plain data."""
    return [asdict(variant) for variant in variants]
