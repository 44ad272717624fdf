"""Our price of a packed function is what LLVM prints for the code that was emitted."""

from __future__ import annotations

from pathlib import Path

import pytest

from vecgnn.compare import before_slp_of, compare

KERNELS = Path(__file__).parent.parent / "datasets/kernels"
NAMES = (
    "alpha_blend", "biquad", "blake_mix", "cast_widths", "clamp_select", "fft15", "integer_reductions",
    "lattice_boltzmann", "matrix_4x4", "n_body", "permuted_lanes", "popcount_mix", "ray_box", "transpose",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_estimated_change_is_the_printed_change(name: str):
    found = compare(name, before_slp_of(KERNELS / f"{name}.c", ["-march=x86-64-v3"]), ["greedy"])
    assert found.bugs == ()
    changed = [function for function in found.functions if "greedy" in function.estimated]
    assert changed
    for function in changed:
        printed = function.scalar - function.by_packer["greedy"]
        assert function.before["greedy"] - function.estimated["greedy"] == printed, function.name
        assert printed > 0
