"""The commands: plan with clang, do the compile steps in parts, run the rest as planned."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from vecgnn import llvm
from vecgnn.driver.count import COUNT, is_link, with_runtime
from vecgnn.driver.keep import keep_module
from vecgnn.driver.options import Options, read_options
from vecgnn.driver.plan import Job, Plan, make_plan
from vecgnn.driver.report import Outcome, append_line, say, summary_line
from vecgnn.driver.split import Clock, FrontEndFailed, compile_in_parts, prepare
from vecgnn.errors import VecgnnError


def main_cc() -> NoReturn:
    """``vecgnn-cc``."""
    _command("vecgnn-cc", "clang")


def main_cxx() -> NoReturn:
    """``vecgnn-c++``."""
    _command("vecgnn-c++", "clang++")


def main_flang() -> NoReturn:
    """``vecgnn-flang``."""
    _command("vecgnn-flang", "flang")


def _command(program: str, compiler: str) -> NoReturn:
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(run(program, compiler, sys.argv[1:]))


def run(program: str, compiler: str, arguments: Sequence[str]) -> int:
    """Compile and link as ``compiler`` would; its exit status, or 2 where our own options are wrong."""
    try:
        options, clangs = read_options(arguments)
        clang = [str(llvm.find_tool(compiler))]
    except VecgnnError as error:
        say(program, f"error: {error}")
        return 2
    scratch = Path(tempfile.mkdtemp(prefix="vecgnn-"))
    try:
        return _Build(program, compiler, options, clang, clangs, scratch).run()
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _status(returncode: int) -> int:
    """An exit status as a shell has it: a signal is 128 and its number."""
    return returncode if returncode >= 0 else 128 - returncode


class _Build:
    """One command line at work."""

    def __init__(
        self,
        program: str,
        compiler: str,
        options: Options,
        clang: list[str],
        arguments: list[str],
        scratch: Path,
    ) -> None:
        self.program = program
        self.options = options
        self.clang = clang
        self.compiler = compiler
        self.arguments = arguments
        self.scratch = scratch
        self.stdin: bytes | None = None

    def run(self) -> int:
        plan = self._plan()
        if plan is None:
            return self._clang_alone()
        if self.options.packer == "off":
            return self._keep_only(plan)
        for message in plan.messages:
            print(message, file=sys.stderr, flush=True)
        return self._run_jobs(plan)

    def _clang_alone(self) -> int:
        done = subprocess.run([*self.clang, *self.arguments], input=self.stdin, check=False)
        return _status(done.returncode)

    def _keep_only(self, plan: Plan) -> int:
        """Clang on its own; once it has succeeded, its sources' modules as a packer would have got them."""
        if any(job.source == "-" for job in plan.compiles):
            self.stdin = sys.stdin.buffer.read()
        if status := self._clang_alone():
            return status
        for job in plan.compiles:
            if job.obstacle():
                continue
            scratch = Path(tempfile.mkdtemp(dir=self.scratch))
            try:
                prepared = prepare(job, "none", scratch, self.stdin, Clock())
                unkept = keep_module(Path(self.options.keep or ""), prepared.module, job)
            except (FrontEndFailed, VecgnnError, OSError) as error:
                unkept = f"{error}; module not kept"
            if unkept:
                say(self.program, f"warning: {job.source}: {unkept}")
        return 0

    def _plan(self) -> Plan | None:
        """The plan, where a step of it is ours to do."""
        if self.options.packer == "off" and not self.options.keep:
            return None
        plan = make_plan(self.clang, self.arguments, self.scratch, sys.stderr.isatty())
        if plan is None:
            if self.options.verbose:
                say(
                    self.program,
                    f"left to {self.compiler}: the command line is not one that only compiles or links",
                )
            return None
        obstacles = {job: job.obstacle() for job in plan.compiles}
        links = self.options.packer == COUNT and any(map(is_link, plan.jobs))
        if all(obstacles.values()) and not links:  # also where nothing is compiled
            for job, obstacle in obstacles.items():
                self._report(job, Outcome(untouched=obstacle))
            return None
        return plan

    def _run_jobs(self, plan: Plan) -> int:
        """The jobs in order; like clang, a job goes on past another's failure unless it needs its output."""
        status = 0
        failed: set[str] = set()
        for job in plan.jobs:
            if not failed.isdisjoint(job.words):
                continue
            done = self._run_job(job)
            if done:
                status = status or done
                failed.add(job.output or "")
        return status

    def _run_job(self, job: Job) -> int:
        if not job.is_compile:
            return self._as_planned(self._counting(job))
        if obstacle := job.obstacle():
            self._report(job, Outcome(untouched=obstacle))
            return self._as_planned(job)
        if job.source == "-":
            self.stdin = sys.stdin.buffer.read()
        scratch = Path(tempfile.mkdtemp(dir=self.scratch))
        try:
            outcome, messages = compile_in_parts(job, self.options, scratch, self.stdin)
        except FrontEndFailed as failure:
            self._write(failure.messages)
            return _status(failure.status)
        except (VecgnnError, OSError) as error:
            status = self._as_planned(job)
            if not status:
                self._report(job, Outcome(trouble=f"{error}; compiled by {self.compiler} alone"))
            return status
        self._write(messages)
        self._report(job, outcome)
        return 0

    def _counting(self, job: Job) -> Job:
        """A link with the runtime that counters need, any other job as it is."""
        if self.options.packer != COUNT or not is_link(job):
            return job
        try:
            return with_runtime(job, self.arguments, self.scratch)
        except VecgnnError as error:
            say(self.program, f"warning: {job.output}: {error}; linked without what writes the counts")
            return job

    def _as_planned(self, job: Job) -> int:
        done = subprocess.run(job.words, input=self.stdin if job.is_compile else None, check=False)
        if done.returncode and job.words[1:2] not in (("-cc1",), ("-cc1as",), ("-fc1",)):
            # Clang adds this line to what the linker says.
            status = _status(done.returncode)
            say(
                Path(self.clang[0]).name,
                f"error: linker command failed with exit code {status} (use -v to see invocation)",
            )
        return _status(done.returncode)

    def _report(self, job: Job, outcome: Outcome) -> None:
        if outcome.trouble:
            say(self.program, f"warning: {job.source}: {outcome.trouble}")
        elif self.options.verbose:
            say(self.program, f"{job.source}: {summary_line(outcome, self.compiler)}")
        if outcome.unkept:
            say(self.program, f"warning: {job.source}: {outcome.unkept}")
        if not self.options.stats:
            return
        record = {
            "file": job.source,
            "output": job.output,
            "folder": str(Path.cwd()),
            "packer": self.options.packer,
            "level": job.level,
            "untouched": outcome.untouched,
            "trouble": outcome.trouble,
            "seconds": dict(outcome.seconds),
            **outcome.vectorization,
        }
        try:
            append_line(self.options.stats, record)
        except OSError as error:
            say(
                self.program, f"warning: {self.options.stats}: {os.strerror(error.errno or 0)}; no statistics"
            )

    def _write(self, messages: bytes) -> None:
        sys.stderr.flush()
        sys.stderr.buffer.write(messages)
        sys.stderr.buffer.flush()
