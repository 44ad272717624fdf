"""Weights in files: safetensors, which hold tensors and text and nothing that could be executed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as save_tensors

from vecgnn.errors import InputError
from vecgnn.files import write_atomically
from vecgnn.policy import SHIPPED
from vecgnn.policy.network import PackingNetwork, Settings

FORMAT = "vecgnn-policy-1"

MOST = 1024
"""Rounds, and numbers that a node holds, of a network that is loaded."""


def save(network: PackingNetwork, path: Path, card: Mapping[str, Any]) -> None:
    """Write the weights, the network's settings and a model card, whole or not at all."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    text = {"format": FORMAT, "settings": json.dumps(asdict(network.settings)), "card": json.dumps(card)}
    write_atomically(str(path), save_tensors(tensors, text))


def load(path: Path | None = None, device: str = "cpu") -> PackingNetwork:
    """The network with these weights, by default those that ship.  Raises InputError for any other file."""
    path = path or SHIPPED
    try:
        state = path.stat()
    except OSError:
        stamp = ()  # said better below
    else:
        stamp = (state.st_mtime_ns, state.st_size, state.st_ino)  # training writes the same file again
    return _loaded(str(path), stamp, device)


def read_card(path: Path | None = None) -> dict[str, Any]:
    """The model card in a file of weights.  Raises InputError as ``load`` does."""
    path = path or SHIPPED
    try:
        card = json.loads(_text(path).get("card", "{}"))
    except (ValueError, RecursionError):
        card = None
    if not isinstance(card, dict):
        raise InputError(f"{path}: its model card is not readable; train the weights anew")
    return card


def _text(path: Path) -> dict[str, str]:
    try:
        with safe_open(path, framework="pt") as file:
            text = file.metadata() or {}
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; give weights that `vecgnn train` wrote") from None
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"{path}: not a safetensors file ({error}); give weights that `vecgnn train` wrote"
        ) from None
    if text.get("format") != FORMAT:
        raise InputError(f"{path}: no weights of a packing policy of this version; train them anew")
    return text


@lru_cache(maxsize=4)
def _loaded(path: str, stamp: tuple[int, ...], device: str) -> PackingNetwork:
    settings = _settings(path)
    try:
        with torch.device("meta"):  # whatever the settings say, no more memory than the file's tensors need
            network = PackingNetwork(settings)
        with safe_open(path, framework="pt") as file:
            # Copied: with tensors that stand as they do in the file torch computes otherwise, by a bit.
            tensors = {name: torch.clone(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
        if not all(tensor.is_floating_point() and tensor.isfinite().all() for tensor in tensors.values()):
            raise ValueError("a tensor holds something other than finite numbers")
        network.load_state_dict(tensors, assign=True)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except (KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: its tensors do not fit the policy of this version: {reason}") from None
    return network.to(torch.device(device), torch.float32).eval()


def _settings(path: str) -> Settings:
    """The settings in a file, within bounds that keep a strange one from taking all day."""
    try:
        given = json.loads(_text(Path(path))["settings"])
        known = [field.name for field in fields(Settings)]
        settings = Settings(**{name: given[name] for name in known if name in given.keys()})  # noqa: SIM118
        sizes = (settings.hidden, settings.rounds)
        if not all(type(size) is int and 1 <= size <= MOST for size in sizes):
            raise ValueError(f"hidden and rounds are {sizes}, not numbers from 1 to {MOST}")
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: its settings do not fit the policy of this version: {error}") from None
    return settings
