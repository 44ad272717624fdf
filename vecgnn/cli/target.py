"""``vecgnn target``: the cost tables."""

from __future__ import annotations

import argparse
import sys

from vecgnn.files import check_output, write_atomically


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    target = commands.add_parser("target", help="the cost tables")
    actions = target.add_subparsers(title="actions", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="the tables that ship with the package")
    listing.set_defaults(run=_target_list)
    probe = actions.add_parser("probe", help="make a table for a CPU from opt's cost model")
    probe.add_argument("cpu", metavar="CPU")
    probe.add_argument("-o", "--output", metavar="FILE", required=True)
    probe.add_argument("--triple", help="default: guessed from the CPU's name")
    probe.set_defaults(run=_target_probe)


def _target_list(options: argparse.Namespace) -> int:
    from vecgnn.slp import target

    for name in target.names():
        table = target.load(name)
        print(f"{name:14} {table.triple:28} LLVM {table.llvm}")
    return 0


def _target_probe(options: argparse.Namespace) -> int:
    from vecgnn.slp.target.probe import probe, table_text

    check_output(options.output)
    write_atomically(options.output, table_text(probe(options.cpu, options.triple)))
    print(f"{options.output}: prices of {options.cpu}", file=sys.stderr)
    return 0
