"""Training by two processes, as torchrun starts them."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from lessons import lessons_in
from test_train_run import SETTINGS

from vecgnn.policy.training.config import as_toml, read_config

_SCRIPT = """
import os, pickle, sys
from pathlib import Path

import torch
from lessons import Solver

from vecgnn.policy.training.config import read_config
from vecgnn.policy.training.run import run
from vecgnn.policy.training.trainer import Trainer

folder = Path(sys.argv[1])
epochs = Trainer._epoch


def told(trainer, stage):
    "An epoch, and this process's network, numbers of its examples, and first batch's place in the run."
    epochs(trainer, stage)
    record = {
        "network": trainer.network.state_dict(),
        "examples": [example.number for example in trainer.examples],
        "answered": [trainer.examples[state.example].number for state in trainer.answered],
        "better": sorted(trainer.labels),
    }
    torch.save(record, folder / f"{stage.name}-{trainer.progress.epoch}-{os.environ['RANK']}.pt")


Trainer._epoch = told
lessons = pickle.loads((folder / "lessons.pickle").read_bytes())
expert = Solver()
run(read_config(folder / "config.toml"), lessons, expert)
(folder / f"asked-{os.environ['RANK']}").write_text(str(len(expert.asked)))
"""


def torchrun(script: Path, *arguments: str) -> None:
    here = Path(__file__).parent
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    environment = {**os.environ, "PYTHONPATH": f"{here}{os.pathsep}{here.parent}", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, str(script), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two processes."""
    folder = tmp_path_factory.mktemp("together")
    lessons = lessons_in(folder, 8)
    (folder / "lessons.pickle").write_bytes(pickle.dumps(lessons))
    config = read_config(None, [f"corpus={folder}", f"out={folder / 'run'}", *SETTINGS])
    (folder / "config.toml").write_text(as_toml(config))
    (folder / "script.py").write_text(_SCRIPT)
    torchrun(folder / "script.py", str(folder))
    return folder


def read(folder: Path, epoch: str, rank: int) -> dict:
    return torch.load(folder / f"{epoch}-{rank}.pt", weights_only=True)


def test_processes_share_the_lessons_and_hold_the_same_weights(folder: Path) -> None:
    for epoch in ("clone-1", "clone-3", "dagger-1-2", "improve-1-1"):
        first, second = read(folder, epoch, 0), read(folder, epoch, 1)
        assert first["examples"] and second["examples"]
        assert not set(first["examples"]) & set(second["examples"])
        assert len(first["examples"]) + len(second["examples"]) == 6
        for name, tensor in first["network"].items():
            assert torch.equal(tensor, second["network"][name]), (epoch, name)
    for record in (read(folder, "dagger-1-2", 0), read(folder, "dagger-1-2", 1)):
        assert set(record["answered"]) <= set(record["examples"])
    assert read(folder, "dagger-1-2", 0)["answered"] or read(folder, "dagger-1-2", 1)["answered"]
    before, after = read(folder, "clone-1", 0)["network"], read(folder, "clone-2", 0)["network"]
    assert any(not torch.equal(tensor, after[name]) for name, tensor in before.items())


def test_the_loss_falls_and_one_process_writes_and_asks(folder: Path) -> None:
    lines = [json.loads(line) for line in (folder / "run/metrics.jsonl").read_text().splitlines()]
    epochs = [line for line in lines if "epoch" in line]
    assert [line["stage"] for line in epochs] == ["clone"] * 3 + ["dagger-1"] * 2 + ["improve-1"]
    assert epochs[-1]["train_loss"] < epochs[0]["train_loss"]
    assert json.loads((folder / "run/run.json").read_text())["processes"] == 2
    assert int((folder / "asked-0").read_text()) > 0
    assert (folder / "asked-1").read_text() == "0"
