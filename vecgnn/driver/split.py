"""One compile step in parts: front end, passes before SLP, a packer, passes after it, code generator."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vecgnn import llvm
from vecgnn.driver import fortran
from vecgnn.driver.best import pack_best
from vecgnn.driver.keep import keep_module
from vecgnn.driver.options import BEST, Options
from vecgnn.driver.packing import pack
from vecgnn.driver.plan import Job
from vecgnn.driver.report import Outcome, first_line
from vecgnn.errors import ToolError

# Options of cc1 that concern source text or what is written beside the output: the code generator, which gets
# IR, must not see them (the front end has done their work).  True: a word follows.
_FRONT_END_ONLY = {
    "-dependency-file": True,
    "-MT": True,
    "-MP": False,
    "-MG": False,
    "-sys-header-deps": False,
    "-module-file-deps": False,
    "-dependency-dot": True,
    "-header-include-file": True,
    "-H": False,
    "-show-includes": False,
    "-serialize-diagnostic-file": True,
    "-diagnostic-serialized-file": True,
    "-stats-file": True,
    "-include": True,
    "-include-pch": True,
    "-imacros": True,
}
_VECTOR_LIBRARIES = {
    "Accelerate": "Accelerate",
    "libmvec": "LIBMVEC",
    "MASSV": "MASSV",
    "SVML": "SVML",
    "SLEEF": "sleefgnuabi",
    "ArmPL": "ArmPL",
    "AMDLIBM": "AMDLIBM",
    "Darwin_libsystem_m": "Darwin_libsystem_m",
}


class FrontEndFailed(Exception):
    """The source has an error: clang's messages and exit status are the build's."""

    def __init__(self, status: int, messages: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.messages = messages


@dataclass(slots=True)
class Clock:
    """Seconds by part."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - started, 4)


def _replaced(job: Job, output: Path | str, emit: str, extra: tuple[str, ...]) -> list[str]:
    """The job's words with another output and another kind of it."""
    words: list[str] = []
    skip = False
    for position, word in enumerate(job.words):
        if skip:
            skip = False
        elif word in ("-emit-obj", "-S", "-emit-llvm", "-emit-llvm-bc") and job.words[position - 1] != "-o":
            words.append(emit)
        elif word == "-o":
            words += ["-o", str(output)]
            skip = True
        else:
            words.append(word)
    return [*words[:2], *extra, *words[2:]]


def front_end_command(job: Job, output: Path) -> list[str]:
    """The job's front end alone: the same step, stopped before the first pass."""
    if job.is_flang:
        return _replaced(job, output, "-emit-llvm-bc", fortran.WITHOUT_PASSES)
    return _replaced(job, output, "-emit-llvm-bc", ("-disable-llvm-passes", "-emit-llvm-uselists"))


def code_generator_command(job: Job, module: Path | str, extra: tuple[str, ...]) -> list[str]:
    """The job with IR as its input: the same output, the same options of the code generator."""
    if job.is_flang:
        clang = str(llvm.find_tool("clang"))
        return [clang, *fortran.for_code_generator(job.words, str(module), extra)]
    words: list[str] = list(job.words[:2]) + list(extra)
    position = 2
    while position < len(job.words):
        word = job.words[position]
        if word in _FRONT_END_ONLY:
            position += 1 + _FRONT_END_ONLY[word]
        elif word == "-x":
            words += ["-x", "ir", str(module)]
            position += 3
        else:
            words.append(word)
            position += 1
    return words


def opt_options(job: Job) -> list[str]:
    """What opt has to be told beside the module and the pipeline, so that its passes decide as clang's do."""
    options = list(llvm.pipeline_options(job.level))
    words = job.words
    for position, word in enumerate(words):
        if word == "-mllvm":
            options.append(words[position + 1])
        elif word == "-mrelocation-model":
            options.append(f"-relocation-model={words[position + 1]}")
        elif word.startswith("-mcmodel="):
            options.append(f"-code-model={word.partition('=')[2]}")
        elif word.startswith("-fveclib="):
            name = word.partition("=")[2]
            if name not in ("none", "NoLibrary"):
                options.append(f"-vector-library={_VECTOR_LIBRARIES.get(name, name)}")
    return options


def split_pipeline(job: Job, scratch: Path, packer: str) -> tuple[str, str]:
    """The pipeline that clang would run for this very job, before and after its SLP vectorizer.

    With the packer "llvm" that pass heads the second part.  Raises ToolError where the pipeline has none.
    """
    empty = scratch / ("empty.f90" if job.is_flang else "empty.ll")
    empty.touch()
    printing = ("-mllvm", "-print-pipeline-passes")
    if job.is_flang:
        words = _replaced(job, scratch / "empty.o", "-emit-obj", printing)
        command = [*words[: words.index("-x") + 2], str(empty)]
    else:
        as_object = Job(tuple(_replaced(job, scratch / "empty.o", "-emit-obj", ())))
        command = code_generator_command(as_object, empty, printing)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ToolError(f"clang does not print its pipeline (status {done.returncode})")
    slp = "slp-vectorizer"
    text = done.stdout.replace(f",{slp},", f",{slp},{slp}," if packer == "llvm" else f",{slp},")
    before, after = llvm.split_text(text, slp)
    # Function passes use globals-aa only where it is there already, and a fresh process has none.
    return llvm.repaired(before), f"require<globals-aa>,{after}"


def _opt(module: Path, output: Path, passes: str, options: list[str]) -> bool:
    """Run opt from file to file; did it warn of something?"""
    arguments = [f"-passes={passes}", "-preserve-bc-uselistorder", *options, "-o", output, module]
    _, messages = llvm.run_tool_messages("opt", arguments)
    return any(line.startswith("warning: ") for line in messages.splitlines())


def _run(command: list[str], stdin: bytes | None) -> subprocess.CompletedProcess[bytes]:
    """Run a part of clang; what it writes to standard output (-o -) is the build's, its messages are ours."""
    return subprocess.run(command, input=stdin, stderr=subprocess.PIPE, check=False)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A module as it reaches the packer, the passes that come after it, and what was said on the way."""

    module: Path
    passes_after: str
    messages: bytes
    warned: bool  # by a pass: clang, which would point into the source, says it better


def prepare(job: Job, packer: str, scratch: Path, stdin: bytes | None, clock: Clock) -> Prepared:
    """Front end and the passes before the packer.

    Raises FrontEndFailed for errors in the source, and ToolError where a tool cannot do its part.
    """
    front, before = scratch / "front.bc", scratch / "before.bc"
    with clock.part("front end"):
        passes_before, passes_after = split_pipeline(job, scratch, packer)
        done = _run(front_end_command(job, front), stdin)
    if done.returncode:
        raise FrontEndFailed(done.returncode, done.stderr)
    with clock.part("before"):
        warned = _opt(front, before, passes_before, opt_options(job))
    return Prepared(before, passes_after, done.stderr, warned)


def compile_in_parts(job: Job, options: Options, scratch: Path, stdin: bytes | None) -> tuple[Outcome, bytes]:
    """Do a compile step; returns what became of it and the messages for standard error.

    Raises FrontEndFailed for errors in the source, and ToolError where a later part failed and clang has to
    do the step alone; nothing has been written to standard error then.
    """
    clock = Clock()
    prepared = prepare(job, options.packer, scratch, stdin, clock)
    unkept = ""
    if options.keep:
        with clock.part("keep"):
            unkept = keep_module(Path(options.keep), prepared.module, job)
    with clock.part("vectorize"):
        packed, did, trouble = _packed(prepared, scratch / "packed.ll", job, options)
    warned = prepared.warned
    after = scratch / "after.bc"

    def finish(module: Path) -> bool:
        with clock.part("after"):
            warned = _opt(module, after, prepared.passes_after, opt_options(job))
        with clock.part("code generator"):
            made = _run(code_generator_command(job, after, ("-disable-llvm-passes",)), b"")
        if made.returncode:
            raise ToolError(f"code generation failed: {first_line(made.stderr.decode(errors='replace'))}")
        return warned or bool(made.stderr)

    try:
        warned |= finish(packed)
    except ToolError as error:
        if packed == prepared.module or options.packer == BEST:  # then clang's own SLP is the way out
            raise
        warned |= finish(prepared.module)
        trouble, did = f"{error}; kept the scalar code", {}
    messages = _messages_of_the_whole(job, scratch, stdin) if warned else prepared.messages
    return Outcome(did, clock.seconds, trouble, unkept=unkept), messages


def _packed(prepared: Prepared, packed: Path, job: Job, options: Options) -> tuple[Path, dict[str, Any], str]:
    if options.packer != BEST:
        return pack(prepared.module, packed, job.source, options)
    return pack_best(prepared.module, packed, job.source, options, prepared.passes_after, opt_options(job))


def _messages_of_the_whole(job: Job, scratch: Path, stdin: bytes | None) -> bytes:
    """What clang says where passes or the code generator warn: from IR they cannot point into the source.

    Raises FrontEndFailed, the output gone, where a warning of theirs is an error.
    """
    command = _replaced(job, scratch / "discarded", "-emit-obj", ())
    if "-split-dwarf-output" in command:
        command[command.index("-split-dwarf-output") + 1] = str(scratch / "discarded.dwo")
    whole = _run(command, stdin)
    if whole.returncode:
        if job.output not in (None, "-"):
            Path(job.output).unlink(missing_ok=True)
        raise FrontEndFailed(whole.returncode, whole.stderr)
    return whole.stderr
