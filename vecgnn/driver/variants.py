"""Builds of one program by variant: clang as it is, scalar code, LLVM's SLP, and our packers.

Who times or compares programs builds them by the compiler drivers themselves, as a user would, each variant
with the same words but for its packer.  A variant is a packer's name, or one of:

    plain    clang as it is, its pipeline in one piece (packer "off")
    scalar   no SLP vectorizer in the split pipeline (packer "none")
    llvm     LLVM's own in the split pipeline: the base that others are compared with
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vecgnn.driver.options import check_packer
from vecgnn.driver.report import first_line
from vecgnn.errors import InputError, ToolError
from vecgnn.slp.pack import DEFAULT_EFFORT, Effort

PLAIN, SCALAR, LLVM = "plain", "scalar", "llvm"
BASE = LLVM
_PACKERS = {PLAIN: "off", SCALAR: "none"}
SEARCHING = ("ilp", "best")
"""Packers for which the effort of a search counts."""

DRIVERS = {
    **dict.fromkeys((".c", ".i"), "vecgnn-cc"),
    **dict.fromkeys((".cc", ".cp", ".cxx", ".cpp", ".c++", ".C", ".CPP", ".ii"), "vecgnn-c++"),
}
"""The compiler driver for a source file, by the suffixes that clang goes by."""


def known_variants() -> list[str]:
    """Every variant there is, installed or not."""
    from vecgnn.packers import PACKERS

    ours = (name for name in (*PACKERS, "best") if name != "none" and _is_packer(name))
    return list(dict.fromkeys([PLAIN, SCALAR, LLVM, *ours]))


def _is_packer(name: str) -> bool:
    try:
        check_packer(name)
    except InputError:
        return False
    return True


def driver_packer(variant: str) -> str:
    """What ``--vecgnn-packer=`` is for a variant.  Raises InputError for one that is none."""
    known = known_variants()
    if variant not in known:
        raise InputError(f"unknown variant {variant!r}: use one of {', '.join(known)}")
    return _PACKERS.get(variant, variant)


def default_variants(weights: str | None = None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The variants that can be built here, and for each that is left out a line that says why.

    ``weights``: a file with those of the policy, where not the shipped ones.
    """
    from vecgnn.packers import PACKERS, why_missing

    found: list[str] = []
    missing: list[str] = []
    for variant in known_variants():
        if variant in PACKERS and (reason := why_missing(variant, weights)):
            missing.append(reason)
        else:
            found.append(variant)
    return tuple(found), tuple(missing)


def find_driver(name: str) -> str:
    """The driver of that name: beside the Python that runs this, else on PATH.  Raises ToolError."""
    beside = Path(sys.executable).parent / name
    if found := shutil.which(str(beside)) or shutil.which(name):
        return found
    raise ToolError(f"{name} not found beside {sys.executable} nor on PATH: pip install this package there")


def driver_options(
    variant: str,
    *,
    effort: Effort = DEFAULT_EFFORT,
    store: Path | None = None,
    stats: Path | None = None,
    price: str | None = None,
    mcpu: str | None = None,
) -> list[str]:
    """The driver's own options for a variant, without those that change nothing for it.

    Raises InputError for a variant that is none.
    """
    packer = driver_packer(variant)
    options = {"packer": packer}
    if packer not in ("off", "none", "llvm"):
        options |= {"store": str(store)} if store else {}
        options |= {"mcpu": mcpu} if mcpu else {}
    if packer in SEARCHING and effort.time_limit != DEFAULT_EFFORT.time_limit:
        options["time-limit"] = "none" if effort.time_limit is None else str(effort.time_limit)
    if packer in SEARCHING and effort.gap != DEFAULT_EFFORT.gap:
        options["gap"] = str(effort.gap)
    if packer in SEARCHING and effort.solver != DEFAULT_EFFORT.solver:  # a solver named must be installed
        options["solver"] = effort.solver
    if packer == "policy":
        options |= _of_the_policy(effort)
    if packer == "best" and price:
        options["price"] = price
    if stats:
        options["stats"] = str(stats)
    return [f"--vecgnn-{name}={value}" for name, value in options.items()]


def _of_the_policy(effort: Effort) -> dict[str, str]:
    options: dict[str, str] = {}
    if effort.rollouts != DEFAULT_EFFORT.rollouts:
        options["rollouts"] = str(effort.rollouts)
    if effort.weights:
        options["weights"] = str(Path(effort.weights).resolve())  # builds run in folders of their own
    if effort.device != DEFAULT_EFFORT.device:
        options["device"] = effort.device
    return options


@dataclass(frozen=True, slots=True)
class Built:
    """What became of one or more commands of a build."""

    variant: str
    commands: tuple[tuple[str, ...], ...]
    seconds: float
    records: tuple[Mapping[str, Any], ...]  # the driver's statistics, one for each file compiled
    messages: str = ""  # what it wrote to standard error
    error: str = ""  # the first error of the first command that failed; "" where all is built

    @property
    def changed(self) -> int:
        """Functions that the packer changed."""
        return self._sum("changed")

    @property
    def packs(self) -> int | None:
        """None for "best", whose functions come from several packers."""
        counts = [sum(record["packs"].values()) for record in self.records if "packs" in record]
        return sum(counts) if counts else None

    @property
    def cost(self) -> tuple[float, float] | None:
        """What the packer takes the functions that it changed to cost, before and after.

        For "best" by its price of finished code, else by the target's table.  None where it priced nothing.
        """
        costs: list[tuple[float, float]] = []
        for record in self.records:
            if "packs" in record:
                costs.append((record["cost_before"], record["cost_after"]))
            for choice in record.get("choices", ()):
                side, prices = choice["side"], choice["prices"]
                if side != SCALAR and side in prices and SCALAR in prices:
                    costs.append((prices[SCALAR], prices[side]))
        return (sum(before for before, _ in costs), sum(after for _, after in costs)) if costs else None

    @property
    def sides(self) -> Mapping[str, int]:
        """For "best": how many functions come from each packer."""
        counts: Counter[str] = Counter()
        for record in self.records:
            counts.update(record.get("sides", {}))
        return counts

    @property
    def packing_seconds(self) -> float:
        """What packing took, for an answer from the store when it was found."""
        return sum(sum(record.get("vectorizer_seconds", {}).values()) for record in self.records)

    @property
    def trouble(self) -> tuple[str, ...]:
        """Where the code is not what the variant's name says: a fallback, or a file left to clang."""
        said = [
            f"{Path(record['file']).name}: {record.get('trouble') or record.get('untouched')}"
            for record in self.records
            if record.get("trouble") or record.get("untouched")
        ]
        return tuple(dict.fromkeys(said))

    def _sum(self, name: str) -> int:
        return sum(record.get(name, 0) for record in self.records)


def build(
    command: Sequence[str],
    variant: str,
    *,
    effort: Effort = DEFAULT_EFFORT,
    store: Path | None = None,
    price: str | None = None,
    mcpu: str | None = None,
    folder: Path | None = None,
) -> Built:
    """Run a driver's command line (``[find_driver("vecgnn-cc"), "-O3", ...]``) as a variant, in ``folder``.

    ``effort``, ``price`` and ``mcpu`` are those of the driver; ``store`` keeps what was searched.  What the
    environment asks of the driver is left out, since it would make of a variant what its name does not say.
    Raises ToolError where the command cannot be started; a command that fails is a Built with its error.
    """
    with tempfile.TemporaryDirectory(prefix="vecgnn-") as scratch:
        stats = Path(scratch) / "stats.jsonl"
        own = driver_options(variant, effort=effort, store=store, stats=stats, price=price, mcpu=mcpu)
        words = (command[0], *own, *command[1:])
        started = time.perf_counter()
        try:
            done = subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                env=environment(),
                cwd=folder,
                check=False,
            )
        except OSError as error:
            raise ToolError(f"{command[0]} could not be started: {error.strerror}") from None
        seconds = time.perf_counter() - started
        records = tuple(map(json.loads, stats.read_text().splitlines())) if stats.exists() else ()
    shown = tuple(word for word in words if not word.startswith("--vecgnn-stats="))
    error = error_line(done.stderr, done.returncode) if done.returncode else ""
    return Built(variant, (shown,), seconds, records, done.stderr, error)


def joined(builds: Iterable[Built]) -> Built:
    """Several commands' builds of one variant, at least one, as one."""
    parts = list(builds)
    return Built(
        parts[0].variant,
        tuple(command for part in parts for command in part.commands),
        sum(part.seconds for part in parts),
        tuple(record for part in parts for record in part.records),
        "".join(part.messages for part in parts),
        next((part.error for part in parts if part.error), ""),
    )


def environment() -> dict[str, str]:
    """The environment without what asks something of the drivers."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("VECGNN_") or name == "VECGNN_LLVM_BIN"
    }


def error_line(messages: str, status: int) -> str:
    """The line of a failed build that says most."""
    lines = [line.strip() for line in messages.splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower() or "undefined reference" in line]
    if not lines:
        return f"exit status {status}, no message"
    return first_line("\n".join(telling or lines))
