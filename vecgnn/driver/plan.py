"""What clang (or flang) would run for a command line, as ``clang -###`` tells it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vecgnn.driver import fortran

_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"')
_JOB = re.compile(r'^ (?:"(?:[^"\\]|\\.)*" ?)+$')
_BANNER = re.compile(
    r"[cf]lang version |Target: |Thread model: |InstalledDir: |Build config: | \(in-process\)$"
)
_DIAGNOSTIC = re.compile(r"\S+: (?:warning|note|remark): ")

_LANGUAGES = frozenset({"c", "c++", "cpp-output", "c++-cpp-output"})
_OUTPUTS = frozenset({"-emit-obj", "-S", "-emit-llvm", "-emit-llvm-bc"})
_LEVELS = {"-O2": "O2", "-O3": "O3", "-Ofast": "O3", "-Os": "Os"}

# Their pipelines hold passes, or need outputs, that two runs of opt would not give.
_OTHER_PIPELINE = (
    "-fsanitize", "-fprofile-", "-fcoverage-mapping", "-coverage-", "-fcs-profile", "-fmemory-profile",
    "-flto", "-fthin", "-fwhole-program-vtables", "-fsplit-lto-unit", "-fembed-", "-mlink-builtin",
    "-fplugin", "-fpass-plugin", "-load", "-plugin", "-add-plugin", "-opt-record", "-Rpass", "-ftime-",
    "-fdebug-pass", "-fcuda", "-fopenmp-is-target", "-fopenmp-targets", "-fsycl", "-fno-unroll-loops",
    "-print-", "-fbasic-block-sections", "-fpseudo-probe", "-verify", "-fswift", "-fmodule-output",
    "-disable-llvm-passes",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Job:
    """One command that clang would run."""

    words: tuple[str, ...]

    def after(self, option: str) -> str | None:
        """The word behind an option's last occurrence."""
        for position in range(len(self.words) - 2, 0, -1):
            if self.words[position] == option:
                return self.words[position + 1]
        return None

    @property
    def output(self) -> str | None:
        return self.after("-o")

    @property
    def is_compile(self) -> bool:
        """Does this step take C, C++ or Fortran to code or IR?"""
        languages = fortran.LANGUAGES if self.is_flang else _LANGUAGES
        return (
            self.words[1:2] in (("-cc1",), ("-fc1",))
            and self.after("-x") in languages
            and not _OUTPUTS.isdisjoint(self.words)
        )

    @property
    def is_flang(self) -> bool:
        return self.words[1:2] == ("-fc1",)

    @property
    def source(self) -> str:
        """The input of a compile step; it stands behind the language."""
        return self.words[len(self.words) - 1 - self.words[::-1].index("-x") + 2]

    @property
    def level(self) -> str:
        """The optimization level by LLVM's name, "" for one whose pipeline has no SLP vectorizer."""
        levels = [word for word in self.words if word.startswith("-O")]
        return _LEVELS.get(levels[-1], "") if levels else ""

    def obstacle(self) -> str:
        """Why a compile step has to be left to clang, or ""."""
        if not self.level:
            return "no SLP vectorizer runs at this optimization level"
        if "-vectorize-slp" not in self.words:
            return "the SLP vectorizer is turned off"
        for word in self.words:
            if word.startswith(_OTHER_PIPELINE):
                return f"{word} has a pipeline of its own"
        if self.words.count("-x") != 1 or self.output is None:
            return "the compile step is not understood"
        return fortran.obstacle(self.words) if self.is_flang else ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Clang's jobs in order, and what it has to say about the command line itself."""

    jobs: tuple[Job, ...]
    messages: tuple[str, ...]

    @property
    def compiles(self) -> tuple[Job, ...]:
        return tuple(job for job in self.jobs if job.is_compile)


def read_job(line: str) -> Job | None:
    """A line of ``-###`` output as a job, None where it is none."""
    if not _JOB.match(line):
        return None
    return Job(tuple(re.sub(r"\\(.)", r"\1", word) for word in _WORD.findall(line)))


def read_plan(text: str) -> Plan | None:
    """What ``clang -###`` wrote, None where some of it is not understood."""
    jobs: list[Job] = []
    messages: list[str] = []
    for line in text.splitlines():
        if job := read_job(line):
            jobs.append(job)
        elif _DIAGNOSTIC.match(line):
            messages.append(line)
        elif not _BANNER.search(line):
            return None
    return Plan(tuple(jobs), tuple(messages))


def make_plan(clang: Sequence[str], arguments: Sequence[str], scratch: Path, colors: bool) -> Plan | None:
    """Ask clang for its jobs, temporary files in ``scratch``; None where clang is better left to itself."""
    # Clang turns colors on by looking at standard error, which is a pipe here.
    first = ["-fcolor-diagnostics"] if colors else []
    done = subprocess.run(
        [*clang, *first, *arguments, "-###"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        env={**os.environ, "TMPDIR": str(scratch)},
        check=False,
    )
    if done.returncode or done.stdout:
        return None
    return read_plan(done.stderr)
