"""Many files compared, one after another or in several processes, with what is done kept in a folder.

A folder holds under ``modules``, for each module, its record with a key and the modules that came out
(``NAME.scalar.ll``, ``NAME.greedy.ll``, ...).  The key is a hash of the pre-SLP IR, the options,
LLVM's version, this package's code and the execution counts, where there are any, so what is kept stands for
exactly what would be found again.  Under ``counts`` stands what runs of the program have counted: while its
modules, arguments and libraries are the same it is not run again.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

from vecgnn import __version__, llvm
from vecgnn.best import DEFAULT_PRICE
from vecgnn.compare.counting import ALL, BlockCounts, Running, count_modules
from vecgnn.compare.measure import before_slp_of, measure
from vecgnn.compare.records import BEST, FORMAT, Comparison, Failure, ModuleCosts, read_module_costs
from vecgnn.effort import effort_key
from vecgnn.errors import InputError, InternalError, VecgnnError
from vecgnn.files import make_folder, write_atomically
from vecgnn.packers import rooms_without
from vecgnn.provenance import code_digest, host
from vecgnn.slp.pack import Effort

ELSEWHERE = ("cli", "corpus", "driver", "explain", "fuzz", "timing", "bench", "nas", "best", "price")
"""Rooms of the package that no comparison runs through: a change there makes nothing kept out of date."""

_ALSO_ELSEWHERE = tuple(room for room in ELSEWHERE if room not in ("best", "price"))
"""The same where the packer "best" is compared."""

_UNCOUNTED = (*ELSEWHERE, *rooms_without(()))
"""Rooms that no execution count hangs on."""

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Settings:
    """How to compare; what a result depends on, apart from the module."""

    packers: tuple[str, ...]
    march: str
    mcpu: str | None
    effort: Effort
    flags: tuple[str, ...] = ()  # for clang, beside -O3 and -march
    running: Running | None = None
    price: str = DEFAULT_PRICE  # by which "best" chooses


@dataclass(frozen=True, slots=True)
class _Task:
    name: str
    file: str
    settings: Settings
    folder: str | None
    ir: str | None = None  # where it is known already
    counts: BlockCounts | None = None


def run(
    files: Sequence[str],
    settings: Settings,
    folder: Path | None = None,
    jobs: int = 1,
    done: Callable[[], object] = lambda: None,
) -> Comparison:
    """Compare the modules of all files; ``done`` is called after each.

    A file of which nothing can be compared becomes a Failure.  Raises InputError for a file that is not there
    and a folder that cannot be written, KeyboardInterrupt where the user stops it: what is finished is kept.
    """
    tasks = [
        _Task(name, file, settings, str(folder) if folder else None) for name, file in names(files).items()
    ]
    if folder:
        make_folder(folder / "modules")
        if settings.running:
            make_folder(folder / "counts")
    found: dict[str, ModuleCosts | Failure] = {}
    todo = tasks
    if settings.running and settings.running.mode == ALL:
        todo, failures = _counted_together(tasks, settings.running, folder, jobs)
        found |= failures
    for name, result in _results(_work, todo, jobs):
        found[name] = result
        done()
    ordered = [found[task.name] for task in tasks]
    effort = settings.effort
    return Comparison(
        host(),
        llvm.tool_version("opt"),
        __version__,
        {
            "packers": list(settings.packers),
            "march": settings.march,
            "mcpu": settings.mcpu,
            "time_limit": effort.time_limit,
            "gap": effort.gap,
            "solver": effort.solver,
            "rollouts": effort.rollouts,
            "weights": effort.weights,
            "jobs": jobs,
            "flags": list(settings.flags),
            "price": settings.price if BEST in settings.packers else None,
            "run": asdict(settings.running) if settings.running else None,
        },
        tuple(each for each in ordered if isinstance(each, ModuleCosts)),
        tuple(each for each in ordered if isinstance(each, Failure)),
    )


def names(files: Sequence[str]) -> dict[str, str]:
    """A name of its own for each file: its stem; where two have one stem, as much of the path as it takes.

    Raises InputError for a file that is not there or not readable.
    """
    paths = {Path(file).resolve(): file for file in files}
    for path, file in paths.items():
        if not path.is_file():
            raise InputError(f"{file}: {'is a directory' if path.is_dir() else 'no such file'}")
        if not os.access(path, os.R_OK):
            raise InputError(f"{file}: cannot be read")
    chosen = {path: path.stem for path in paths}
    parts = 0
    while clashing := {name for name, count in Counter(chosen.values()).items() if count > 1}:
        parts += 1  # the file's own name first, then folders above it
        for path, name in chosen.items():
            if name in clashing:
                chosen[path] = "-".join(path.parts[-parts:]).lstrip("-/")
    return {chosen[path]: file for path, file in paths.items()}


def _results(
    work: Callable[[_Task], _Result], tasks: Sequence[_Task], jobs: int
) -> Iterator[tuple[str, _Result]]:
    if jobs == 1 or len(tasks) < 2:
        for task in tasks:
            yield task.name, work(task)
        return
    # Not forked: the progress bar has a thread.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(tasks)), mp_context=context)
    try:
        futures = {pool.submit(work, task): task for task in tasks}
        for future in as_completed(futures):
            yield futures[future].name, future.result()
    except BrokenProcessPool:
        raise InternalError("a worker process ended before its time; try --jobs 1") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _counted_together(
    tasks: Sequence[_Task], running: Running, folder: Path | None, jobs: int
) -> tuple[list[_Task], dict[str, Failure]]:
    """The tasks with what one program of all modules counts; where that fails, every module does."""
    prepared = dict(_results(_prepare, tasks, jobs))
    failures = {name: ir for name, ir in prepared.items() if isinstance(ir, Failure)}
    modules = {task.file: ir for task in tasks if isinstance(ir := prepared[task.name], str)}
    try:
        if failures:
            raise InputError(f"not run, as {len(failures)} of the program's files cannot be compiled")
        counts = count_modules("all files together", modules, running, _runs(folder), _UNCOUNTED)
    except Exception as error:
        failed = {task.name: _failure(task, error) for task in tasks}
        return [], failed | failures
    return [replace(task, ir=modules[task.file], counts=counts[task.file]) for task in tasks], {}


def _runs(folder: Path | str | None) -> Path | None:
    return Path(folder) / "counts" if folder else None


def _prepare(task: _Task) -> str | Failure:
    """A file's IR as it reaches the packers."""
    try:
        return before_slp_of(Path(task.file), [f"-march={task.settings.march}", *task.settings.flags])
    except Exception as error:
        return _failure(task, error)


def _failure(task: _Task, error: Exception) -> Failure:
    message = str(error)
    if not isinstance(error, VecgnnError):  # one module's trouble is not that of the others
        message = f"BUG, please report: {type(error).__name__}: {error}"
    return Failure(task.file, message if task.file in message else f"{task.file}: {message}")


def _work(task: _Task) -> ModuleCosts | Failure:
    """One file: what is kept of it, or the comparison, which is then kept."""
    settings = task.settings
    ir = _prepare(task) if task.ir is None else task.ir
    if isinstance(ir, Failure):
        return ir
    counts = task.counts
    try:
        if settings.running and counts is None:
            modules = {task.file: ir}
            counts = count_modules(task.name, modules, settings.running, _runs(task.folder), _UNCOUNTED)[
                task.file
            ]
        key = _key(task, ir, counts)
        if kept := _kept(task, key):
            return kept
        measured = measure(
            *(task.name, task.file, ir, settings.packers, settings.mcpu, settings.effort),
            counts=counts,
            price=settings.price,
        )
    except Exception as error:
        return _failure(task, error)
    if task.folder:
        for side, text in measured.texts.items():
            write_atomically(str(_place(task, f"{side}.ll")), text)
        record = {"key": key, "module": asdict(measured.costs)}
        write_atomically(str(_place(task, "json")), json.dumps(record, indent=1) + "\n")
    return measured.costs


def _place(task: _Task, suffix: str) -> Path:
    return Path(task.folder or "") / "modules" / f"{task.name}.{suffix}"


def _kept(task: _Task, key: str) -> ModuleCosts | None:
    """The record in the folder, if it is of this very task."""
    if not task.folder:
        return None
    try:
        record = json.loads(_place(task, "json").read_text(encoding="utf-8"))
        return read_module_costs(record["module"]) if record["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # not there, or not what we wrote: it is found again


def _key(task: _Task, ir: str, counts: BlockCounts | None) -> str:
    settings = task.settings
    unused = rooms_without(settings.packers)
    table = Path(settings.mcpu) if settings.mcpu else None  # a target may be a file
    parts = [
        *(
            FORMAT,
            code_digest((*ELSEWHERE, *unused)),
            llvm.tool_version("opt"),
            task.name,
            task.file,
            settings.packers,
            settings.mcpu,
        ),
        *effort_key(settings.effort, settings.packers),
        (settings.price, code_digest((*_ALSO_ELSEWHERE, *unused))) if BEST in settings.packers else None,
        None if counts is None else dict(counts),
        table.read_text() if table and table.is_file() else "",
    ]
    return hashlib.sha256(f"{json.dumps(parts)}\n{ir}".encode("utf-8", "surrogateescape")).hexdigest()
