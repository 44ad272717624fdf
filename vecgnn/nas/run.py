"""All benchmarks: built in every variant, verified and timed by turns, costed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial

from vecgnn import __version__
from vecgnn.errors import InputError
from vecgnn.nas.build import COUNTED, Made, Settings, make, versions
from vecgnn.nas.costs import costs_of
from vecgnn.nas.output import judge, own_seconds
from vecgnn.nas.records import Benchmark, Costs, Results
from vecgnn.nas.sources import Sources
from vecgnn.provenance import host
from vecgnn.timing import Program, Progress, Round, Run, Timed, alternate, pick_core, run_once
from vecgnn.timing import Settings as TimingSettings


@dataclass(frozen=True, slots=True)
class Step:
    """How far the work is: the stage ("build", "verify", "time", "cost"), what was done last, and counts."""

    stage: str
    what: str
    done: int
    total: int


Report = Callable[[Step], None]


def run(sources: Sequence[Sources], settings: Settings, report: Report = lambda step: None) -> Results:
    """Build, verify and time, and cost; whatever fails is in the results, and the others go on.

    ``report`` is called after each piece of work, maybe from another thread.  Raises ToolError for missing
    tools, InputError where the folder cannot be used, KeyboardInterrupt where the user stops it: what is
    finished is kept, and the same call goes on.
    """
    tools: dict[str, str | None] = {"flang": None}
    for each in sources:
        tools.update(versions(each.language))
    made = _builds(sources, settings, report)
    if settings.rounds:
        timed = {each.name: _timed(each, made[each.name], settings, report) for each in sources}
    else:
        timed = _verified(sources, made, settings, report)
    costs: dict[str, Costs | None] = dict.fromkeys(timed)
    if settings.costs:
        report(Step("cost", "", 0, len(sources)))
        for number, each in enumerate(sources, 1):
            costs[each.name] = costs_of(each, made[each.name][COUNTED], settings)
            report(Step("cost", each.name, number, len(sources)))
    return Results(
        host(),
        {**tools, "vecgnn": __version__},
        _options(sources, settings),
        tuple(
            Benchmark(
                each.name,
                each.language,
                tuple(made[each.name][variant].build for variant in settings.variants),
                timed[each.name],
                costs[each.name],
            )
            for each in sources
        ),
    )


def _options(sources: Sequence[Sources], settings: Settings) -> dict[str, object]:
    effort = settings.effort
    return {
        "class": settings.letter,
        "benchmarks": [each.name for each in sources],
        "variants": list(settings.variants),
        "tree": next((str(each.root) for each in sources if each.official), None),
        "march": settings.march,
        "mcpu": settings.mcpu,
        "flags": list(settings.flags),
        "runs": settings.rounds or 1,
        "timed": bool(settings.rounds),
        "clock": settings.clock,
        "limit": settings.limit,
        "time_limit": effort.time_limit,
        "gap": effort.gap,
        "solver": effort.solver,
        "rollouts": effort.rollouts,
        "weights": effort.weights,
        "price": settings.price,
        "jobs": settings.jobs,
    }


def _builds(sources: Sequence[Sources], settings: Settings, report: Report) -> dict[str, dict[str, Made]]:
    """Every benchmark in every variant, those that search least first: others find their answers stored."""
    variants = [*settings.variants, *((COUNTED,) * settings.costs)]
    tasks = [(each, variant) for variant in variants for each in sources]
    made: dict[str, dict[str, Made]] = {each.name: {} for each in sources}
    report(Step("build", "", 0, len(tasks)))
    pool = ThreadPoolExecutor(settings.jobs)  # threads: the work is in processes of their own
    try:
        futures = {
            pool.submit(make, each, variant, settings): (each.name, variant) for each, variant in tasks
        }
        for number, future in enumerate(as_completed(futures), 1):
            name, variant = futures[future]
            made[name][variant] = future.result()
            report(Step("build", f"{name} {variant}", number, len(tasks)))
    finally:
        pool.shutdown(cancel_futures=True)
    return made


def _judge(sources: Sources, letter: str, variant: str, stdout: str, status: int) -> str:
    return judge(sources, letter, stdout, status)


def _commands(made: Mapping[str, Made], variants: Sequence[str]) -> dict[str, list[str]]:
    """The executables of what was built."""
    return {
        variant: [str(made[variant].program.resolve())]
        for variant in variants
        if not made[variant].build.error
    }


def _timed(sources: Sources, made: Mapping[str, Made], settings: Settings, report: Report) -> Timed:
    def progress(at: Progress) -> None:
        report(Step("time", f"{sources.name} {at.variant}", at.done, at.total))

    timed = alternate(
        Program(sources.name, _commands(made, settings.variants)),
        TimingSettings(settings.rounds, settings.limit, pick_core()),
        check=partial(_judge, sources, settings.letter),
        reader=own_seconds,
        state=settings.folder / "rounds",
        hangs_on=("nas", settings.letter, str(sources.official)),
        progress=progress,
    )
    if timed.interrupted:
        raise KeyboardInterrupt
    return timed


def _verified(
    sources: Sequence[Sources],
    made: Mapping[str, Mapping[str, Made]],
    settings: Settings,
    report: Report,
) -> dict[str, Timed]:
    """One run of each executable, several at a time: what they take means nothing."""
    tasks = [
        (each, variant, command)
        for each in sources
        for variant, command in _commands(made[each.name], settings.variants).items()
    ]
    found: dict[tuple[str, str], tuple[Run | None, str]] = {}
    pool = ThreadPoolExecutor(settings.jobs)
    try:
        futures = {
            pool.submit(_run_once, each, variant, command, settings): (each.name, variant)
            for each, variant, command in tasks
        }
        for number, future in enumerate(as_completed(futures), 1):
            name, variant = futures[future]
            found[name, variant] = future.result()
            report(Step("verify", f"{name} {variant}", number, len(tasks)))
    finally:
        pool.shutdown(cancel_futures=True)
    return {each.name: _one_round(each.name, made[each.name], found, settings) for each in sources}


def _run_once(
    sources: Sources, variant: str, command: Sequence[str], settings: Settings
) -> tuple[Run | None, str]:
    try:
        finished = run_once(command, limit=settings.limit, reader=own_seconds)
    except InputError as error:
        return None, str(error)
    if finished.run.timed_out:
        return finished.run, f"no end within {settings.limit:g} s: killed"
    return finished.run, _judge(sources, settings.letter, variant, finished.stdout, finished.run.status)


def _one_round(
    name: str,
    made: Mapping[str, Made],
    found: Mapping[tuple[str, str], tuple[Run | None, str]],
    settings: Settings,
) -> Timed:
    """What a single run of each says, as timing would say it."""
    mine = {variant: found[name, variant] for variant in settings.variants if (name, variant) in found}
    return Timed(
        name,
        {variant: (str(made[variant].program.resolve()),) for variant in mine},
        {variant: hashlib.sha256(made[variant].program.read_bytes()).hexdigest() for variant in mine},
        None,
        host(),
        (Round({variant: run for variant, (run, wrong) in mine.items() if run and not wrong}),),
        {variant: wrong for variant, (_, wrong) in mine.items() if wrong},
    )
