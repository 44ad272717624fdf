"""What several commands read from their options, and the picture that they leave beside their table."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from vecgnn.errors import InputError
from vecgnn.files import write_atomically


def read_whole(text: str, where: str, what: str) -> int:
    """A number of something, 1 or more.  Raises InputError, which names ``where`` it stood."""
    if not text.isdecimal() or int(text) < 1:
        raise InputError(f"{where}={text}: give the number of {what}, 1 or more")
    return int(text)


def read_words(text: str, where: str) -> tuple[str, ...]:
    """Words, split as a shell does.  Raises InputError, which names ``where`` they stood."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise InputError(f"{where}={text}: {error}") from None


def read_variants(given: str | None, based: bool = True, weights: str | None = None) -> tuple[str, ...]:
    """The variants of a build asked for, or all that are installed; ``based``: with the base of ratios;
    ``weights``: those of the policy, where not the shipped ones.

    Raises InputError for a variant that there is not, or whose packages are missing.
    """
    from vecgnn.driver.variants import BASE, default_variants, driver_packer
    from vecgnn.packers import PACKERS, require_packer

    if given is None:
        return default_variants(weights)[0]
    asked = tuple(dict.fromkeys(given.split(",")))
    for variant in asked:
        if driver_packer(variant) in PACKERS:
            require_packer(driver_packer(variant), weights)
    return (BASE, *asked) if based and BASE not in asked else asked


def say_left_out(given: str | None, weights: str | None) -> None:
    """Lines on standard error for what ``read_variants`` left out.  For when all options are judged: an error
    is one line."""
    if given is None:
        from vecgnn.driver.variants import default_variants

        for reason in default_variants(weights)[1]:
            print(f"vecgnn: left out: {reason}", file=sys.stderr)


def add_price(command: argparse.ArgumentParser) -> None:
    """The option that says what "best" goes by."""
    command.add_argument(
        "--price",
        metavar="NAME",
        help="what best goes by: tti, mca or calibrated, or several with commas; default: mca,calibrated",
    )


def read_price(given: str | None, packers: Sequence[str]) -> str | None:
    """What "best" goes by.  Raises InputError where it is no price, or "best" is not among the packers."""
    if given is None:
        return None
    from vecgnn.best import check_price

    if "best" not in packers:
        raise InputError(f"--price={given}: no packer goes by it; add best to --packers")
    return check_price(given, "--price")


def read_saved(file: str, command: str) -> str:
    """The text of what a command saved.  Raises InputError where it cannot be read or is no text."""
    try:
        return Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}") from None
    except UnicodeError:
        raise InputError(f"{file}: not a file that vecgnn {command} --out wrote") from None


def write_picture(draw: Callable[[], str], path: str) -> None:
    """The picture as a file; where there is none to draw nothing, and where it cannot be drawn a line why."""
    try:
        picture = draw()
    except InputError as error:
        print(f"vecgnn: no plot: {error}", file=sys.stderr)
        return
    if picture:
        write_atomically(path, picture)
