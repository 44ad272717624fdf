"""Weights in files: safetensors, which hold tensors and text and nothing that could be executed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as save_tensors

from vecgnn.errors import InputError
from vecgnn.files import write_atomically
from vecgnn.policy import SHIPPED
from vecgnn.policy.architecture import Settings, check_settings, shapes
from vecgnn.policy.batch import Scorer
from vecgnn.policy.inference import Network

if TYPE_CHECKING:
    from vecgnn.policy.network import PackingNetwork

FORMAT = "vecgnn-policy-1"

MOST = 1024
"""Rounds, and numbers that a node holds, of a network that is loaded."""


def save(network: PackingNetwork, path: Path, card: Mapping[str, Any]) -> None:
    """Write the weights, the network's settings and a model card, whole or not at all."""
    state = network.state_dict()
    tensors = {name: tensor.detach().cpu().contiguous().numpy() for name, tensor in state.items()}
    text = {"format": FORMAT, "settings": json.dumps(asdict(network.settings)), "card": json.dumps(card)}
    write_atomically(str(path), save_tensors(tensors, text))


def scorer(path: Path | None = None, device: str = "cpu") -> Scorer:
    """What packs by these weights, by default those that ship: on a CPU without torch.

    Raises InputError for any other file.
    """
    if device == "cpu":
        return _network(*_stamped(path))
    from vecgnn.policy.network import scorer_of

    return scorer_of(load(path, device))


def load(path: Path | None = None, device: str = "cpu") -> PackingNetwork:
    """The network with these weights for torch.  Raises InputError as ``scorer`` does."""
    return _torch_network(*_stamped(path), device)


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
        with safe_open(path, framework="np") as file:
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


def _stamped(path: Path | None) -> tuple[str, tuple[int, ...]]:
    """The file, and what changes when it is written again, as training does."""
    path = path or SHIPPED
    try:
        state = path.stat()
    except OSError:
        return str(path), ()  # said better where it is read
    return str(path), (state.st_mtime_ns, state.st_size, state.st_ino)


@lru_cache(maxsize=4)
def _network(path: str, stamp: tuple[int, ...]) -> Network:
    return Network(*_read(path))


@lru_cache(maxsize=4)
def _torch_network(path: str, stamp: tuple[int, ...], device: str) -> PackingNetwork:
    import torch

    from vecgnn.policy.network import PackingNetwork

    settings, tensors = _read(path)
    with torch.device("meta"):  # its own weights are made for nothing
        network = PackingNetwork(settings)
    # Copied: with tensors that stand as they do in the file torch computes otherwise, by a bit.
    state = {name: torch.from_numpy(tensor).clone() for name, tensor in tensors.items()}
    network.load_state_dict(state, assign=True)
    return network.to(torch.device(device)).eval()


def _read(path: str) -> tuple[Settings, dict[str, np.ndarray]]:
    """A network's settings and its tensors in float32.  Raises InputError for any other file."""
    settings = _settings(path)
    try:
        with safe_open(path, framework="np") as file:
            wanted, there = shapes(settings), set(file.keys())
            for name in (*wanted, *sorted(there)):
                if name not in there or name not in wanted:
                    raise ValueError(f"{name} is {'missing' if name in wanted else 'not of it'}")
            tensors = {name: _tensor(name, file.get_tensor(name), shape) for name, shape in wanted.items()}
    except (KeyError, TypeError, ValueError, AttributeError, SafetensorError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: its tensors do not fit the policy of this version: {reason}") from None
    return settings, tensors


def _tensor(name: str, given: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """float32.  Raises ValueError."""
    if given.shape != shape:
        raise ValueError(f"{name} has the shape {given.shape}, not {shape}")
    with np.errstate(over="ignore"):
        tensor = given.astype(np.float32)
    if given.dtype.kind != "f" or not np.isfinite(tensor).all():
        raise ValueError(f"{name} holds something other than finite numbers")
    return tensor


def _settings(path: str) -> Settings:
    """The settings in a file, within bounds that keep a strange one from taking all day."""
    try:
        given = json.loads(_text(Path(path))["settings"])
        known = [field.name for field in fields(Settings)]
        settings = Settings(**{name: given[name] for name in known if name in given.keys()})  # noqa: SIM118
        sizes = (settings.hidden, settings.rounds)
        if not all(type(size) is int and 1 <= size <= MOST for size in sizes):
            raise ValueError(f"hidden and rounds are {sizes}, not numbers from 1 to {MOST}")
        if not 0 <= settings.dropout <= 1:
            raise ValueError(f"dropout is {settings.dropout}, not a number from 0 to 1")
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: its settings do not fit the policy of this version: {error}") from None
    try:
        check_settings(settings)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return settings
