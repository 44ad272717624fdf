"""A program's variants built by the compiler drivers, timed by turns, and judged by their output."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from signal import Signals

from vecgnn import __version__, llvm
from vecgnn.bench.records import Bench, Task
from vecgnn.driver.variants import BASE, DRIVERS, PLAIN, Built, build, find_driver, joined
from vecgnn.errors import InputError
from vecgnn.files import make_folder
from vecgnn.provenance import host
from vecgnn.timing import Program, Progress, Settings, Timed, alternate

Report = Callable[[str, int, int], None]
"""What is at work, how many steps of its kind are done, and of how many."""


def check_files(files: tuple[str, ...]) -> None:
    """Raises InputError where there is no source, or one that the drivers cannot compile."""
    if not files:
        raise InputError("no file to build: give C or C++ sources")
    for file in files:
        if Path(file).suffix not in DRIVERS:
            raise InputError(f"{file}: no C or C++ source by its name; objects and libraries go into --libs")
        if not Path(file).is_file():
            raise InputError(f"{file}: no such file")


def run(task: Task, folder: Path, progress: Report | None = None) -> Bench:
    """Build and time every variant, all files in ``folder``; the same call goes on where it was interrupted.

    A variant that cannot be built, or whose output is wrong, is one of the ``failures``.  Raises InputError
    for sources, folder, input or core that cannot be used, ToolError where a driver is missing, and
    KeyboardInterrupt before anything is timed.
    """
    check_files(task.files)
    name = Path(task.files[0]).stem
    order = (BASE, *(variant for variant in task.variants if variant != BASE))
    builds: dict[str, Built] = {}
    for number, variant in enumerate(order):
        if progress:
            progress(f"build {variant}", number, len(order))
        builds[variant] = _built(task, variant, folder, name)
    timed = _timed(task, builds, folder, name, progress)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Bench(task, name, builds, timed, host(), __version__, llvm.tool_version("clang"), now)


def _executable(folder: Path, name: str, variant: str) -> Path:
    return folder / "bin" / f"{name}.{variant}"


def _built(task: Task, variant: str, folder: Path, name: str) -> Built:
    """Each source by the driver for its language, then clang as it is to link: a C source stays one of C."""
    objects = folder / "objects" / variant
    program = _executable(folder, name, variant)
    for each in (objects, program.parent):
        make_folder(each)
    words = ["-O3", f"-march={task.march}", *task.flags]
    parts: list[Built] = []
    made: list[str] = []
    for number, file in enumerate(task.files):
        driver = find_driver(DRIVERS[Path(file).suffix])
        made.append(str(objects / f"{number}-{Path(file).stem}.o"))
        command = [driver, *words, "-c", file, "-o", made[-1]]
        parts.append(build(command, variant, effort=task.effort, store=folder / "store", price=task.price))
        if parts[-1].error:
            return joined(parts)
    drivers = {DRIVERS[Path(file).suffix] for file in task.files}
    linker = find_driver("vecgnn-c++" if "vecgnn-c++" in drivers else "vecgnn-cc")
    link = build([linker, *words, *made, "-o", str(program), *task.libs], PLAIN)
    return replace(joined([*parts, link]), variant=variant)


def _timed(
    task: Task, builds: dict[str, Built], folder: Path, name: str, progress: Report | None
) -> Timed | None:
    commands = {
        variant: [str(_executable(folder, name, variant).absolute()), *task.arguments]
        for variant, built in builds.items()
        if not built.error
    }
    if not commands:
        return None

    def tell(done: Progress) -> None:
        if progress:
            progress(f"run {done.variant}", done.done, done.total)

    return alternate(
        Program(name, commands, task.stdin),
        Settings(task.rounds, task.limit, task.core),
        check=_Judge(task.ignore_output).judge,
        state=folder / "rounds",
        hangs_on=_hangs_on(task),
        progress=tell,
    )


def _hangs_on(task: Task) -> list[str]:
    """What a run or its judgement depends on beside the command: the folder, and files among its words."""
    files = [Path(word) for word in task.arguments if Path(word).is_file()]
    digests = [f"{file}: {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files]
    return [str(Path.cwd()), f"ignore output: {task.ignore_output}", *digests]


@dataclass(slots=True)
class _Judge:
    """Compares every run with the first good one, which is the base's where that runs."""

    ignore_output: bool
    expected: tuple[str, str, int] | None = None

    def judge(self, variant: str, stdout: str, status: int) -> str:
        if status < 0:
            return f"crashed: {_signal(-status)}"
        if self.expected is None:
            self.expected = (variant, stdout, status)
        whose, right, ended = self.expected
        first = "its own first run" if whose == variant else whose
        if status != ended:
            return f"exit status {status}, that of {first} is {ended}"
        if stdout != right and not self.ignore_output:
            why = "; --ignore-output compares the exit status alone" if whose == variant else ""
            return f"output differs from that of {first}{_where(stdout, right)}{why}"
        return ""


def _where(stdout: str, right: str) -> str:
    """The first line that differs, for a reader."""
    ours, theirs = stdout.splitlines(), right.splitlines()
    for number in range(max(len(ours), len(theirs))):
        line = ours[number] if number < len(ours) else "(nothing)"
        other = theirs[number] if number < len(theirs) else "(nothing)"
        if line != other:
            return f" in line {number + 1}: {line[:40]!r} for {other[:40]!r}"
    return " in its line ends"


def _signal(number: int) -> str:
    try:
        return Signals(number).name
    except ValueError:
        return f"signal {number}"
