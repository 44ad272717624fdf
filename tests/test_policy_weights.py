"""Weights in files: what was saved comes back, anything else is refused in one line and never executed."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from test_policy import instance, network_of

from vecgnn.errors import InputError
from vecgnn.fuzz.generate import generate
from vecgnn.policy import weights
from vecgnn.policy.batch import collate
from vecgnn.policy.network import ARCHITECTURES, PackingNetwork, Settings

LIGHT = ("vecgnn", "vecgnn.cli", "vecgnn.policy", "vecgnn.policy.expert", "vecgnn.policy.encode")

META = {"format": weights.FORMAT, "settings": json.dumps({"hidden": 8, "rounds": 1}), "card": "{}"}


class Payload:
    """Makes a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self.path),)


def logits(network: PackingNetwork) -> torch.Tensor:
    graph = instance(generate(3)).graph
    with torch.inference_mode():
        return network(collate([graph], [[0]]))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("prices", [True, False])
def test_what_was_saved_comes_back(tmp_path: Path, architecture: str, prices: bool):
    network = network_of(1, Settings(16, 3, architecture, prices))
    path = tmp_path / "weights.safetensors"
    card = {"data": "made up", "figures": [1, 2.5], "nested": {"a": None}}
    weights.save(network, path, card)
    loaded = weights.load(path)
    assert loaded.settings == network.settings and not loaded.training
    assert torch.equal(logits(loaded), logits(network))
    assert weights.read_card(path) == card


def test_a_file_written_again_is_read_again(tmp_path: Path):
    path = tmp_path / "weights.safetensors"
    for seed in (1, 2):
        network = network_of(seed, Settings(8, 1))
        weights.save(network, path, {})
        assert torch.equal(logits(weights.load(path)), logits(network))
    assert weights.load(path) is weights.load(path)


def foreign(tmp_path: Path) -> Iterator[tuple[str, Path, str]]:
    """Files that are no weights of ours, and a part of what is said of each."""
    saved = tmp_path / "good"
    weights.save(PackingNetwork(Settings(8, 1)), saved, {})
    with safe_open(saved, framework="pt") as file:
        good = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118

    def written(name: str, data: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    def tensors(name: str, held: dict[str, torch.Tensor], meta: dict[str, str] | None) -> Path:
        save_file(held, tmp_path / name, meta)
        return tmp_path / name

    payload = Payload(tmp_path / "executed")
    torch.save({"words.weight": payload}, tmp_path / "torch")
    first = next(iter(good))
    rest = {name: tensor for name, tensor in good.items() if name != first}
    data = saved.read_bytes()
    yield "pickle", written("pickle", pickle.dumps(payload)), "not a safetensors file"
    yield "torch", tmp_path / "torch", "not a safetensors file"
    yield "truncated", written("truncated", data[: len(data) // 2]), "not a safetensors file"
    yield "header", written("header", data[:20]), "not a safetensors file"
    yield "empty", written("empty", b""), "not a safetensors file"
    yield "long", written("long", (2**62).to_bytes(8, "little") + b"{}"), "not a safetensors file"
    yield "folder", tmp_path, "not a safetensors file"
    yield "missing", tmp_path / "no such", "no such file"
    yield "foreign", tensors("foreign", {"a": torch.zeros(3)}, None), "no weights of a packing policy"
    yield "other", tensors("other", good, META | {"format": "vecgnn-policy-0"}), "train them anew"
    yield "fewer", tensors("fewer", rest, META), "its tensors do not fit"
    yield "more", tensors("more", good | {"a": torch.zeros(3)}, META), "its tensors do not fit"
    yield "shape", tensors("shape", good | {first: torch.zeros(3)}, META), "its tensors do not fit"
    nothing = torch.full_like(good[first], torch.nan)
    yield "nan", tensors("nan", good | {first: nothing}, META), "finite"
    for name, settings in (
        ("unset", "{"), ("list", "[]"), ("deep", "[" * 100_000), ("text", '{"hidden": "8"}'),
        ("huge", '{"hidden": 1000000000}'), ("below", '{"rounds": -1}'), ("endless", '{"rounds": 1e99}'),
    ):  # fmt: skip
        yield name, tensors(name, good, META | {"settings": settings}), "its settings do not fit"
    settings = '{"hidden": 8, "rounds": 1, "architecture": "transformer"}'
    yield "architecture", tensors("architecture", good, META | {"settings": settings}), "architecture"


def test_anything_else_is_refused_in_one_line_and_nothing_of_it_is_executed(tmp_path: Path):
    seen = 0
    for name, path, words in foreign(tmp_path):
        with pytest.raises(InputError) as caught:
            weights.load(path)
        message = str(caught.value)
        assert words in message and str(path) in message and "\n" not in message, (name, message)
        seen += 1
    assert seen > 15
    assert not (tmp_path / "executed").exists()
    # The payload is one: whoever unpickles it runs it.
    pickle.loads((tmp_path / "pickle").read_bytes())
    assert (tmp_path / "executed").exists()


@pytest.mark.parametrize("card", ["{", "3", "[" * 100_000])
def test_a_card_that_is_none_is_refused(tmp_path: Path, card: str):
    path = tmp_path / "weights"
    save_file({"a": torch.zeros(1)}, path, META | {"card": card})
    with pytest.raises(InputError, match="its model card is not readable"):
        weights.read_card(path)


def test_what_only_describes_problems_does_not_import_torch():
    """In a process of its own, since here torch is there already."""
    for module in (*LIGHT, "vecgnn.policy.worth", "vecgnn.packers"):
        code = f"import sys, {module}; print('torch' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == "False\n", module
    code = "import sys, vecgnn.policy.decode; print('torch' in sys.modules, 'gymnasium' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True False\n"
