"""Where the policy runs: on a CPU without torch, on a GPU with it, and what is said where that cannot be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from test_policy_decode import kernel

from vecgnn import cli
from vecgnn.errors import InputError
from vecgnn.policy import device
from vecgnn.policy.device import device_of
from vecgnn.vectorize import vectorize_text


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "fft4.ll"
    path.write_text(kernel("fft4"))
    return path


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a driver would be; there is none."""
    path = tmp_path / "nvidia0"
    monkeypatch.setattr(device, "DRIVERS", (str(path),))
    return path


def gpus(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)


@pytest.mark.parametrize("name", ["cpu", "auto"])
def test_it_packs_where_torch_is_not_installed(name: str, source: Path, tmp_path: Path):
    """In a process of its own, in which nothing of torch is there, nor numpy in more than one thread."""
    out = tmp_path / "out.ll"
    command = ["vectorize", str(source), "-o", str(out), "--packer", "policy", "--device", name]
    code = (
        "import sys, os; sys.modules['torch'] = None\n"
        "from vecgnn import cli; from vecgnn.policy import device\n"
        f"device.DRIVERS = ('/',) if {name!r} == 'auto' else ()\n"
        f"status = cli.main({command!r})\n"
        "threads = len(os.listdir('/proc/self/task')); inherited = 'OPENBLAS_NUM_THREADS' in os.environ;"
        "sys.exit(status or f'{threads} threads' * (threads > 1) or 'inherited' * inherited or None)"
    )
    plain = {key: value for key, value in os.environ.items() if not key.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-c", code], env=plain, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "functions vectorized by policy" in done.stderr
    assert out.read_text() == vectorize_text(source.read_text(), packer="policy").text


def test_auto_asks_torch_only_where_there_is_a_driver(driver: Path, monkeypatch: pytest.MonkeyPatch):
    gpus(1, monkeypatch)
    assert device_of("auto") == "cpu"
    driver.touch()
    assert device_of("auto") == "cuda"
    gpus(0, monkeypatch)
    assert device_of("auto") == "cpu"
    monkeypatch.setattr(device, "find_spec", lambda name: None)
    assert device_of("auto") == "cpu"


def test_a_gpu_by_number(monkeypatch: pytest.MonkeyPatch):
    gpus(2, monkeypatch)
    assert [device_of(name) for name in ("cuda", "cuda:0", "cuda:1", "cpu")] == [
        "cuda",
        "cuda:0",
        "cuda:1",
        "cpu",
    ]
    for name, count in (("cuda:2", 2), ("cuda", 0), ("cuda:0", 0)):
        gpus(count, monkeypatch)
        with pytest.raises(InputError, match=f"device '{name}' is not there: use cpu or auto"):
            device_of(name)


@pytest.mark.parametrize("installed", [True, False])
def test_a_gpu_that_cannot_be_used_is_said_in_one_line(
    installed: bool,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    gpus(0, monkeypatch)
    if not installed:
        monkeypatch.setattr(device, "find_spec", lambda name: None)
    out = tmp_path / "out.ll"
    out.write_text("as it was")
    assert cli.main(["vectorize", str(source), "-o", str(out), "--packer", "policy", "--device", "cuda"]) == 2
    reason = (
        "is not there: use cpu or auto" if installed else "needs torch: pip install torch, or use cpu or auto"
    )
    assert capsys.readouterr().err == f"vecgnn: device 'cuda' {reason}\n"
    assert out.read_text() == "as it was"


def test_where_nothing_can_be_saved_nothing_is_loaded(tmp_path: Path):
    path = tmp_path / "empty.ll"
    path.write_text("define i32 @f(i32 %x) {\n  ret i32 %x\n}\n")
    command = ["vectorize", str(path), "-q", "--packer", "policy"]
    code = (
        f"import sys; from vecgnn import cli; status = cli.main({command!r});"
        "sys.exit(status or 'scipy' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
