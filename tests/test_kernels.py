"""Every own kernel, packed: the same output as clang's, by packer and level."""

from __future__ import annotations

import subprocess
import sysconfig
from pathlib import Path

import pytest

from vecgnn.compare import before_slp_of
from vecgnn.llvm import find_tool
from vecgnn.vectorize import vectorize_text

KERNELS = sorted((Path(__file__).parent.parent / "datasets/kernels").glob("*.c"))
BUILDS = (
    ("greedy", "x86-64-v2"),
    ("greedy", "x86-64-v3"),
    ("greedy", "native"),
    ("ilp", "x86-64-v3"),
)


def output_of(compiler: list[str], source: Path, march: str, program: Path) -> str:
    command = [*compiler, "-O3", f"-march={march}", str(source), "-o", str(program), "-lm"]
    built = subprocess.run(command, capture_output=True, text=True, check=True)
    assert built.stderr == ""
    return subprocess.run([str(program)], capture_output=True, text=True, check=True, timeout=60).stdout


def test_there_are_kernels():
    assert len(KERNELS) >= 30


@pytest.mark.parametrize(("packer", "march"), BUILDS)
@pytest.mark.parametrize("source", KERNELS, ids=lambda path: path.stem)
def test_output_is_unchanged(source: Path, packer: str, march: str, tmp_path: Path):
    driver = str(Path(sysconfig.get_path("scripts")) / "vecgnn-cc")
    ours = [driver, f"--vecgnn-packer={packer}", "--vecgnn-time-limit=0.5"]
    scalar = output_of([str(find_tool("clang")), "-fno-slp-vectorize"], source, march, tmp_path / "scalar")
    assert ": " in scalar
    assert output_of(ours, source, march, tmp_path / "packed") == scalar


@pytest.mark.parametrize("source", KERNELS, ids=lambda path: path.stem)
def test_output_is_unchanged_by_the_policy(source: Path, tmp_path: Path):
    """Not through the driver, of which each run would load numpy and scipy anew."""
    clang, march = str(find_tool("clang")), "x86-64-v3"
    result = vectorize_text(before_slp_of(source, [f"-march={march}"]), packer="policy")
    assert not [report for report in result.functions if report.bug]
    packed = tmp_path / "packed.ll"
    packed.write_text(result.text)
    scalar = output_of([clang, "-fno-slp-vectorize"], source, march, tmp_path / "scalar")
    assert ": " in scalar
    assert output_of([clang, "-fno-slp-vectorize"], packed, march, tmp_path / "packed") == scalar
