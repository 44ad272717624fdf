"""``vecgnn train``: a policy from a labelled corpus."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from vecgnn.errors import InputError
from vecgnn.policy.expert import Answer, Query


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    train = commands.add_parser(
        "train",
        help="train the learned policy on a labelled corpus",
        description="Train the learned policy: cloning, DAgger, improvement by the price.  Where it stands is"
        " saved; after a Ctrl-C the same command with --resume goes on.",
    )
    train.add_argument("config", nargs="?", metavar="CONFIG.toml", help="over the default configuration")
    train.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="changes", help="a single setting"
    )
    train.add_argument("--out", metavar="DIR", help="folder of the run; default: the configuration's")
    train.add_argument("--resume", action="store_true", help="go on with the run in that folder")
    train.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> int:
    from vecgnn.policy.training.config import read_config, resumed_config

    path = Path(options.config) if options.config else None
    changes = [*options.changes, *([f"out={options.out}"] if options.out else [])]
    config = read_config(path, changes)
    if options.resume:
        config = resumed_config(config.folder, path, options.changes)
    try:
        import tensorboard  # noqa: F401  # pyright: ignore[reportUnusedImport]  # asked before the work

        from vecgnn.policy.training.reports import Listener
        from vecgnn.policy.training.run import run
    except ImportError as error:
        raise InputError(f"train: {error}; pip install 'vecgnn[train]'") from None
    from vecgnn.corpus.lessons import read_lessons
    from vecgnn.effort import check_solver
    from vecgnn.slp.pack import DEFAULT_EFFORT

    if config.dagger_rounds:
        check_solver("ilp", DEFAULT_EFFORT.solver)  # now, and not when cloning is over
    lessons = read_lessons(Path(config.corpus), ("train", "validation"))
    first = os.environ.get("RANK", "0") == "0"
    try:
        with _bars(first) as (progress, say):
            outcome = run(
                config,
                lessons,
                _expert(config.jobs, config.time_limit),
                Listener(progress, say),
                options.resume,
            )
    except KeyboardInterrupt:
        if first:
            print(
                f"vecgnn: interrupted; go on with: vecgnn train --resume --out {shlex.quote(config.out)}",
                file=sys.stderr,
            )
        return 130
    if first:
        print(f"{outcome.weights}: ratio to the labels' cost reduction {outcome.ratio:.4f} ({outcome.epoch})")
    return 0


def _expert(jobs: int, time_limit: float) -> Callable[[Sequence[Query]], Iterator[tuple[int, Answer]]]:
    """The integer program in processes that last as long as the questions of one round."""

    def ask(queries: Sequence[Query]) -> Iterator[tuple[int, Answer]]:
        from vecgnn.corpus.solving import solver_pool
        from vecgnn.slp.pack import Effort

        with solver_pool(jobs or None, effort=Effort(time_limit=time_limit)) as expert:
            yield from expert(queries)

    return ask


@contextmanager
def _bars(shown: bool) -> Iterator[tuple[Callable[[str, int, int, Mapping[str, float]], None], Callable]]:
    """A bar on standard error for what is at work, where that is a terminal; lines above it."""
    bar: tqdm | None = None
    name = ""

    def progress(what: str, done: int, total: int, figures: Mapping[str, float]) -> None:
        nonlocal bar, name
        if bar is None or what != name:
            if bar is not None:
                bar.close()
            name = what
            hidden = None if shown else True
            bar = tqdm(desc=what, total=total, leave=False, disable=hidden, file=sys.stderr)
        bar.set_postfix({key: f"{value:.4f}" for key, value in figures.items()}, refresh=False)
        bar.update(done - bar.n)

    def say(line: str) -> None:
        if shown:
            tqdm.write(line, file=sys.stderr)

    try:
        yield progress, say
    finally:
        if bar is not None:
            bar.close()
