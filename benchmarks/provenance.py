"""What a figure depends on beside its input: the sources that were measured, and versions."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import vecgnn
from vecgnn.provenance import host

HOME = Path(vecgnn.__file__).parent
MEASURED = ("ilp", "slp", "ir")
"""Parts of vecgnn that decide what a packer finds, and in which time."""


def sources_digest() -> str:
    """Of all files of vecgnn that decide what is measured, price tables among them."""
    digest = hashlib.sha256()
    for part in MEASURED:
        for path in sorted((HOME / part).rglob("*")):
            if path.suffix in (".py", ".json"):
                digest.update(str(path.relative_to(HOME)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def provenance(sources: str) -> dict[str, Any]:
    """Host, versions, and the digest of the sources as it was when they were loaded."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=HOME, capture_output=True, text=True, check=False
    )
    return {
        "host": host(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "versions": {
            "python": platform.python_version(),
            "vecgnn": vecgnn.__version__,
            "commit": described.stdout.strip() or "unknown",
            "sources": sources,
            **{name: version(name) for name in ("pulp", "highspy", "llvmlite")},
        },
    }
