"""What a figure depends on beside its input: the machine, and the code that made it."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent


def cpu_model() -> str:
    """The name of this machine's processor, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def host() -> dict[str, Any]:
    """This machine, as results name it."""
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
    }


@cache
def code_digest(without: Collection[str] = ()) -> str:
    """A hash of this package's files but for the files and folders ``without`` (a tuple, from its root)."""
    left_out = set(without)
    hashed = hashlib.sha256()
    for path in sorted(_ROOT.rglob("*")):
        inside = path.relative_to(_ROOT)
        around = {str(inside), *map(str, inside.parents)}
        if path.is_file() and "__pycache__" not in inside.parts and left_out.isdisjoint(around):
            hashed.update(str(inside).encode() + b"\0" + path.read_bytes())
    return hashed.hexdigest()
