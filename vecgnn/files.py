"""Writing files so that a failure leaves what stood there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from vecgnn.errors import InputError


def check_output(path: str) -> None:
    """Raise InputError where a file cannot be written there; asked before the work, not after it."""
    target = Path(path)
    if not target.parent.is_dir():
        raise InputError(f"{path}: the folder {target.parent} does not exist")
    if target.is_dir():
        raise InputError(f"{path}: is a directory; give a file to write")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise InputError(f"{path}: the folder {target.parent} cannot be written")


def make_folder(folder: Path) -> None:
    """Make a folder and those above it.  Raises InputError where that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot make this folder: {error.strerror}") from None


def write_atomically(path: str, content: str | bytes) -> None:
    """Write a file by a temporary one beside it, so that a failure leaves what stood there; text as UTF-8."""
    data = content.encode() if isinstance(content, str) else content
    check_output(path)
    target = Path(path)
    if target.exists() and not target.is_file():  # a pipe or /dev/stdout is written as it is
        target.write_bytes(data)
        return
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        Path(temporary).chmod(mode)
        Path(temporary).replace(target)
    except BaseException as error:  # Ctrl-C leaves no temporary file either
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise InputError(f"{path}: cannot write: {error.strerror}") from None
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
