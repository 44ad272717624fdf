"""Weights in files: what was saved comes back, anything else is refused in one line and never executed."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from test_policy import instance, network_of

from vecgnn.errors import InputError
from vecgnn.fuzz.generate import generate
from vecgnn.policy import weights
from vecgnn.policy.architecture import ARCHITECTURES, Settings
from vecgnn.policy.batch import Scorer, Static
from vecgnn.policy.network import PackingNetwork
from vecgnn.policy.tensors import collate

LIGHT = ("vecgnn", "vecgnn.cli", "vecgnn.packers", "vecgnn.policy", "vecgnn.policy.expert")
PACKING = tuple(f"vecgnn.policy.{name}" for name in ("encode", "decode", "weights"))

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


def said(scorer: Scorer) -> np.ndarray:
    static = Static([instance(generate(3)).graph])
    return scorer(static)(static.state([[0]]))


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
    np.testing.assert_allclose(said(weights.scorer(path)), logits(network).numpy(), atol=1e-4)
    assert weights.read_card(path) == card


def test_a_file_written_again_is_read_again(tmp_path: Path):
    path = tmp_path / "weights.safetensors"
    for seed in (1, 2):
        network = network_of(seed, Settings(8, 1))
        weights.save(network, path, {})
        assert torch.equal(logits(weights.load(path)), logits(network))
        np.testing.assert_allclose(said(weights.scorer(path)), logits(network).numpy(), atol=1e-4)
    assert weights.load(path) is weights.load(path)
    assert weights.scorer(path) is weights.scorer(path)


def test_numbers_of_other_widths_are_taken(tmp_path: Path):
    network = network_of(1, Settings(8, 1))
    for dtype, off in ((torch.float64, 1e-4), (torch.float16, 0.5)):
        tensors = {name: tensor.to(dtype) for name, tensor in network.state_dict().items()}
        save_file(tensors, tmp_path / str(dtype), META)
        answer = said(weights.scorer(tmp_path / str(dtype)))
        np.testing.assert_allclose(answer, logits(network).numpy(), atol=off)


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
    whole = torch.zeros_like(good[first], dtype=torch.int32)
    yield "integers", tensors("integers", good | {first: whole}, META), "finite"
    beyond = torch.full_like(good[first], 1e300, dtype=torch.float64)
    yield "beyond", tensors("beyond", good | {first: beyond}, META), "finite"
    odd = {name: tensor.to(torch.bfloat16) for name, tensor in good.items()}
    yield "bfloat16", tensors("bfloat16", odd, META), "its tensors do not fit"
    for name, settings in (
        ("unset", "{"), ("list", "[]"), ("deep", "[" * 100_000), ("text", '{"hidden": "8"}'),
        ("huge", '{"hidden": 1000000000}'), ("below", '{"rounds": -1}'), ("endless", '{"rounds": 1e99}'),
        ("dropout", '{"hidden": 8, "rounds": 1, "dropout": 2}'),
    ):  # fmt: skip
        yield name, tensors(name, good, META | {"settings": settings}), "its settings do not fit"
    settings = '{"hidden": 8, "rounds": 1, "architecture": "transformer"}'
    yield "architecture", tensors("architecture", good, META | {"settings": settings}), "architecture"


def test_anything_else_is_refused_in_one_line_and_nothing_of_it_is_executed(tmp_path: Path):
    seen = 0
    for name, path, words in foreign(tmp_path):
        for read in (weights.scorer, weights.load):
            with pytest.raises(InputError) as caught:
                read(path)
            message = str(caught.value)
            assert words in message and message.count(str(path)) == 1, (name, message)
            assert "\n" not in message
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


@pytest.mark.parametrize("module", [*LIGHT, *PACKING])
def test_what_packs_imports_no_torch_and_what_does_not_no_numpy(module: str):
    """In a process of its own, since here they are there already."""
    code = f"import sys, {module}; print(*({{'torch', 'gymnasium', 'numpy', 'scipy'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    if module in LIGHT:
        assert not loaded
    else:
        assert "numpy" in loaded and loaded <= {"numpy", "scipy"}
