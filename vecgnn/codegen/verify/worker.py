"""The process that runs generated code: reads jobs, answers one line per function, survives all of them.

Each function is compiled and run in a fork of this process, which may fault, loop or write anywhere.  Jobs
come on standard input and answers go to standard output, both as a length and JSON.
"""

from __future__ import annotations

import gc
import json
import mmap
import os
import select
import signal
import struct
import sys
import time
from typing import IO, Any

import llvmlite.binding as llvm

from vecgnn.codegen.verify import machine
from vecgnn.codegen.verify.execute import Finding, check
from vecgnn.errors import InputError
from vecgnn.ir.nodes import Module
from vecgnn.ir.reader import read_canonical

_STAGES = ("start", "compile", "scalar", "vector")


def send(stream: IO[bytes], message: object) -> None:
    """Write one message."""
    data = json.dumps(message).encode()
    stream.write(struct.pack("<I", len(data)) + data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read one message; None at the end."""
    header = stream.read(4)
    if len(header) < 4:
        return None
    data = stream.read(struct.unpack("<I", header)[0])
    return json.loads(data)


def _module(text: str, which: str) -> Module:
    """Each in a context of its own, so that types keep their names."""
    try:
        module = llvm.parse_assembly(text, context=llvm.create_context())
        module.verify()
    except RuntimeError as error:
        raise InputError(f"LLVM refuses the {which} module: {' '.join(str(error).split())[:200]}") from None
    return read_canonical(str(module), which)


def _forked(before: Module, after: Module, name: str, job: dict[str, Any], status: mmap.mmap) -> Finding:
    """Check one function in a fork."""

    def report(stage: str, run: int) -> None:
        status[0], status[1] = _STAGES.index(stage), run & 255

    status[0:2] = b"\0\0"
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            gc.disable()
            os.close(reader)
            finding = check(
                before,
                after,
                name,
                job["seed"],
                job["runs"],
                report,
                seconds=job["timeout"],
                unchanged=job["unchanged"],
            )
            os.write(writer, json.dumps([finding.verdict, finding.reason[:2000], finding.runs]).encode())
        except BaseException as error:
            message = f"the check itself failed: {type(error).__name__}: {error}"[:500]
            os.write(writer, json.dumps(["UNKNOWN", message, 0]).encode())
        finally:
            os._exit(0)
    os.close(writer)
    data = b""
    deadline = time.monotonic() + job["timeout"]
    expired = False
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reader], [], [], left)[0]:
            expired = True
            os.kill(child, signal.SIGKILL)
            break
        piece = os.read(reader, 65536)
        if not piece:
            break
        data += piece
    os.close(reader)
    _, ended = os.waitpid(child, 0)
    if data and not expired:
        return Finding(*json.loads(data))
    stage, run = _STAGES[status[0]], status[1]
    how = (
        "took too long"
        if expired
        else f"died of signal {os.WTERMSIG(ended)}"
        if os.WIFSIGNALED(ended)
        else "ended"
    )
    if stage == "vector" and not expired:
        return Finding(
            "MISCOMPILED", f"run {run}: the process {how} in or after the vectorized version", run + 1
        )
    what = {"compile": "LLVM's code generator, given this function,", "vector": "the vectorized version"}
    return Finding(
        "UNKNOWN", f"{what.get(stage, 'the scalar version')} {how}", run if stage == "vector" else 0
    )


def serve(source: IO[bytes], sink: IO[bytes]) -> None:
    """Answer jobs until there are no more."""
    machine.runner()  # compiled once, inherited by every fork
    gc.collect()
    gc.freeze()  # a collection in a fork would copy every page it looks at
    status = mmap.mmap(-1, 4096)
    while (job := receive(source)) is not None:
        try:
            before, after = _module(job["before"], "scalar"), _module(job["after"], "vectorized")
        except InputError as error:
            for name in job["functions"]:
                send(sink, [name, "UNKNOWN", str(error), 0])
            continue
        for name in job["functions"]:
            finding = _forked(before, after, name, job, status)
            send(sink, [name, finding.verdict, finding.reason, finding.runs])


def main() -> None:
    # Code under test may print: what it says must not mix with the answers.
    sink = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    serve(sys.stdin.buffer, sink)


if __name__ == "__main__":
    main()
