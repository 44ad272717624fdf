"""The NAS benchmarks of our own: class S verifies, against the published values, and can fail."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from vecgnn.llvm import find_tool

NAS = Path(__file__).parent.parent / "datasets/nas"

# The figures each program must compare in class S, in the order printed, and the largest relative error.
PUBLISHED = {
    "bt": (
        1e-8,
        (
            "1.7034283709541311e-1 1.2975252070034097e-2 3.2527926989486055e-2 2.6436421275166801e-2 "
            "1.9211784131744430e-1 4.9976913345811579e-4 4.5195666782961927e-5 7.3973765172921357e-5 "
            "7.3821238632439731e-5 8.9269630987491446e-4"
        ),
    ),
    "sp": (
        1e-8,
        (
            "2.7470315451339479e-2 1.0360746705285417e-2 1.6235745065095532e-2 1.5840557224455615e-2 "
            "3.4849040609362460e-2 2.7289258557377227e-5 1.0364446640837285e-5 1.6154798287166471e-5 "
            "1.5750704994480102e-5 3.4177666183390531e-5"
        ),
    ),
    "lu": (
        1e-8,
        (
            "1.6196343210976702e-2 2.1976745164821318e-3 1.5179927653399185e-3 1.5029584435994323e-3 "
            "3.4264073155896461e-2 6.4223319957960924e-4 8.4144342047347926e-5 5.8588269616485186e-5 "
            "5.8474222595157350e-5 1.3103347914111294e-3 7.8418928865937083"
        ),
    ),
    "cg": (1e-10, "8.5971775078648"),
    "mg": (1e-8, "5.307707005734e-5"),
    "ft": (
        1e-12,
        (
            "554.6087004964 484.5363331978 554.6385409189 486.5304269511 554.6148406171 488.3910722336 "
            "554.5423607415 490.1273169046 554.4255039624 491.7475857993 554.2683411902 493.2597244941"
        ),
    ),
    "ep": (1e-8, "-3.247834652034740e3 -6.958407078382297e3"),
    "is": (0.0, "10 28 356 64907 65453"),  # ranks in the last of ten iterations
}

FIGURE = re.compile(r"^  \w.*? +(-?[\d.]+(?:e[-+]\d+)?) published (-?[\d.]+(?:e[-+]\d+)?)", re.MULTILINE)


def run_class_s(name: str, program: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    sources = [str(path) for folder in ("common", name) for path in sorted((NAS / folder).glob("*.c"))]
    command = [str(find_tool("clang")), "-O3", "-march=native", "-Wall", "-Wextra", "-DNPB_CLASS_S", *flags]
    command += [*sources, "-lm", "-o", str(program)]
    built = subprocess.run(command, capture_output=True, text=True, check=True)
    assert built.stderr == ""
    return subprocess.run([str(program)], capture_output=True, text=True, timeout=60)


def test_all_are_listed():
    assert {path.name for path in NAS.iterdir() if path.is_dir()} == {*PUBLISHED, "common"}


@pytest.mark.parametrize("name", PUBLISHED)
def test_verifies(name: str, tmp_path: Path):
    ran = run_class_s(name, tmp_path / name)
    epsilon, listed = PUBLISHED[name]
    values = [float(value) for value in listed.split()]
    figures = [(float(computed), float(published)) for computed, published in FIGURE.findall(ran.stdout)]
    assert [published for _, published in figures] == pytest.approx(values, rel=1e-13, abs=0)
    # Fourteen digits are printed of both.
    assert [computed for computed, _ in figures] == pytest.approx(values, rel=epsilon + 1e-13, abs=0)
    assert "WRONG" not in ran.stdout
    assert ran.stdout.endswith("verification successful\n")
    assert ran.returncode == 0


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_wrong_coefficient_is_noticed(name: str, tmp_path: Path):
    ran = run_class_s(name, tmp_path / name, "-DNPB_PERTURB")
    assert ran.stdout.endswith("verification failed\n")
    assert ran.returncode == 1
