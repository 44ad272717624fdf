"""Which device a network runs on."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from vecgnn.errors import InputError

DRIVERS = ("/dev/nvidia0", "/proc/driver/nvidia", "/dev/dxg")
"""One of these is there where a CUDA device can be: looking spares loading torch, which takes seconds."""


def device_of(name: str) -> str:
    """The device as torch says it: "cpu" for which no torch is needed, "cuda" or "cuda:1".

    "auto" is "cuda" where there is a driver for it, torch is installed and finds a GPU, else "cpu".  Raises
    InputError for a GPU that is not there, or is but without torch.
    """
    if name == "cpu":
        return name
    asked = name != "auto"
    if not asked and not any(Path(driver).exists() for driver in DRIVERS):
        return "cpu"
    if find_spec("torch") is None:
        if asked:
            raise InputError(f"device {name!r} needs torch: pip install torch, or use cpu or auto")
        return "cpu"
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not asked:
        return "cuda" if count else "cpu"
    _, _, number = name.partition(":")
    if int(number or 0) >= count:
        raise InputError(f"device {name!r} is not there: use cpu or auto")
    return name
