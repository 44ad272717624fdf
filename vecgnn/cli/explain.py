"""``vecgnn explain``: one function, what each packer chose, and the price term by term, as a page."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from vecgnn.cli.effort import add_effort, progress_bars, read_effort
from vecgnn.errors import InputError
from vecgnn.files import check_output, write_atomically

_SOURCES = (".c", ".cc", ".cpp", ".cxx", ".C")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    explain = commands.add_parser("explain", help="a page that shows what was packed in a function, and why")
    explain.add_argument("input", metavar="IN", help="an .ll or .bc file, or C or C++ (needs clang and opt)")
    explain.add_argument("--function", metavar="NAME", help="needed where several have candidates")
    explain.add_argument("--html", metavar="OUT.html", help="write the page there")
    explain.add_argument("--svg", metavar="OUT.svg", help="write the dependence graph alone there")
    explain.add_argument("--packer", help="whose packs --svg draws; default: the cheapest packing")
    explain.add_argument("--packers", help="of greedy, policy, ilp and llvm; default: all that are at hand")
    explain.add_argument("--march", default="x86-64-v3", help="for C and C++ files; default: x86-64-v3")
    explain.add_argument("--mcpu", help="the target whose prices count, instead of the function's own")
    add_effort(explain)
    explain.set_defaults(run=_explain)


def _explain(options: argparse.Namespace) -> int:
    from vecgnn.explain import cheapest, page, picture, study

    outputs = [path for path in (options.html, options.svg) if path]
    if not outputs:
        raise InputError("nothing to write: give --html OUT.html, --svg OUT.svg, or both")
    for path in outputs:
        check_output(path)
    packers = options.packers.split(",") if options.packers else None
    if options.packer and not options.html:
        packers = [options.packer]  # the others would be run for nothing
    elif options.packer and packers and options.packer not in packers:
        packers.append(options.packer)
    with progress_bars() as advance:
        found = study(
            _read(options.input, options.march),
            options.input,
            function=options.function,
            packers=packers,
            mcpu=options.mcpu,
            effort=read_effort(options, advance),
        )
    svg = picture(found, options.packer or cheapest(found)) if options.svg else ""
    if options.html:
        write_atomically(options.html, page(found))
    if options.svg:
        write_atomically(options.svg, svg)
    if found.reason:
        print(f"vecgnn: {found.name}: left as it is: {found.reason}", file=sys.stderr)
    for name, reason in found.missing.items():
        print(f"vecgnn: {name} left out: {reason}", file=sys.stderr)
    failures = [answer for answer in found.answers if answer.failure]
    for answer in failures:
        print(f"vecgnn: {found.name}: {answer.packer}: {answer.failure}", file=sys.stderr)
    for answer in found.answers:
        if answer.choice:
            choice = answer.choice
            print(
                f"{found.name}: {answer.packer}: {choice.scalar} -> {choice.total}, {len(choice.packs)} packs"
            )
    return 1 if failures else 0


def _read(path: str, march: str) -> bytes | str:
    file = Path(path)
    if file.suffix in _SOURCES:
        from vecgnn.compare import before_slp_of

        return before_slp_of(file, [f"-march={march}"])
    try:
        return file.read_bytes()
    except IsADirectoryError:
        raise InputError(f"{path}: is a directory; give an .ll, .bc, C or C++ file") from None
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
