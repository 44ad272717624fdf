"""Debian source packages: fetched with the machine's own lists, unpacked with Debian's patches, kept."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class CommandFailed(Exception):
    """A command ended with another status than 0; its log tells why."""


def command(
    log_file: Path, words: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> int:
    """Run a command with its output added to a log; the exit status."""
    with log_file.open("ab") as log:
        log.write(f"\n$ {' '.join(words)}\n".encode())
        log.flush()
        return subprocess.run(
            words,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            check=False,
        ).returncode


def must(
    log_file: Path, words: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> None:
    """The same, for a command that has to succeed.  Raises CommandFailed where it does not."""
    try:
        status = command(log_file, words, folder, environment)
    except OSError as error:
        raise CommandFailed(f"{words[0]} could not be started: {error.strerror}") from None
    if status:
        raise CommandFailed(f"{' '.join(words)} ended with status {status}: see {log_file}")


def source_lists(cache: Path) -> Path:
    """A folder with the machine's Debian lists, asking for sources; the machine's own stay as they are."""
    folder = cache / "apt"
    parts = folder / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    (folder / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    for file in Path("/etc/apt").glob("sources.list.d/*.sources"):
        text = re.sub(r"^Types:.*$", "Types: deb-src", file.read_text(), flags=re.MULTILINE)
        (parts / file.name).write_text(text)
    for file in [Path("/etc/apt/sources.list"), *Path("/etc/apt").glob("sources.list.d/*.list")]:
        if file.is_file():
            text = re.sub(r"^deb\b", "deb-src", file.read_text(), flags=re.MULTILINE)
            (parts / file.name).write_text(text)
    return folder


def source_home(package: str, cache: Path) -> Path:
    """The folder of a package's source, log and tree."""
    return cache / "sources" / package


def source_tree(package: str, cache: Path) -> Path:
    """The unpacked pristine source tree, with Debian's patches; fetched where it is not there.

    Raises CommandFailed where there is no such package, or none can be had.
    """
    home = source_home(package, cache)
    tree = home / "tree"
    if tree.is_dir():
        return tree
    home.mkdir(parents=True, exist_ok=True)
    log = home / "log.txt"
    apt = source_lists(cache)
    options = [
        "-o", "Dir::Etc::SourceList=/dev/null", "-o", f"Dir::Etc::SourceParts={apt / 'parts'}",
        "-o", f"Dir::State::Lists={apt / 'lists'}",
    ]  # fmt: skip
    if not list(home.glob("*.dsc")):
        must(log, ["apt-get", *options, "update"], home)
        # A missing signature fails this too: unpacking tells whether all is there that matters.
        command(log, ["apt-get", *options, "source", "--download-only", package], home)
    description = next(iter(sorted(home.glob("*.dsc"))), None)
    if description is None:
        raise CommandFailed(f"apt-get left no source package of {package}: see {log}")
    unpacked = home / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    try:
        must(log, ["dpkg-source", "--no-check", "-x", description.name, "unpacked"], home)
    except CommandFailed:
        description.unlink()  # what came may be no more than a part: the next attempt fetches again
        raise
    unpacked.rename(tree)
    return tree
