"""The ``vecgnn`` command: one module for each subcommand.  Nothing outside this package prints."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from vecgnn import __version__
from vecgnn.cli import bench, compare, corpus, explain, fuzz, nas, target, train, vectorize
from vecgnn.errors import VecgnnError

COMMANDS = (vectorize, compare, bench, nas, explain, target, fuzz, corpus, train)
"""Modules with ``add(commands)``, which declares a subcommand and sets ``run`` to what carries it out."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 on success, 1 where a check failed, 2 where the input or a tool could not be used."""
    try:
        words, others = bench.split(sys.argv[1:] if arguments is None else arguments)
        options = _parser().parse_args(words, others)
        return options.run(options)
    except VecgnnError as error:
        print(f"vecgnn: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stderr.close()
        return 2
    except KeyboardInterrupt:
        print("vecgnn: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vecgnn", description="Vectorize straight-line code in LLVM IR.")
    parser.add_argument("--version", action="version", version=f"vecgnn {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser
