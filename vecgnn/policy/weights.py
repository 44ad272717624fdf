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
from vecgnn.policy.network import PackingNetwork, Settings

SHIPPED = Path(__file__).with_name("shipped.safetensors")
"""The weights that come with the package."""

FORMAT = "vecgnn-policy-1"


def save(network: PackingNetwork, path: Path, card: Mapping[str, Any]) -> None:
    """Write the weights, the network's settings and a model card, whole or not at all."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    text = {"format": FORMAT, "settings": json.dumps(asdict(network.settings)), "card": json.dumps(card)}
    write_atomically(str(path), save_tensors(tensors, text))


def load(path: Path | None = None, device: str = "cpu") -> PackingNetwork:
    """The network with these weights, by default those that ship.  Raises InputError for any other file."""
    return _loaded(str(path or SHIPPED), device)


def read_card(path: Path | None = None) -> dict[str, Any]:
    """The model card in a file of weights.  Raises InputError as ``load`` does."""
    return json.loads(_text(path or SHIPPED).get("card", "{}"))


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
def _loaded(path: str, device: str) -> PackingNetwork:
    text = _text(Path(path))
    try:
        known = {field.name for field in fields(Settings)}
        given = {name: value for name, value in json.loads(text["settings"]).items() if name in known}
        network = PackingNetwork(Settings(**given))
        with safe_open(path, framework="pt") as file:
            network.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: its tensors do not fit the policy of this version: {reason}") from None
    return network.to(torch.device(device)).eval()
