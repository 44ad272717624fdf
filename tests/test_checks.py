"""Blocks of the loop vectorizer's run-time checks, as LLVM 22 writes them: by name, and by what they do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vecgnn import llvm
from vecgnn.compare.checks import checks_of
from vecgnn.compare.measure import before_slp_of
from vecgnn.counts import functions_of

# Two pointers that may overlap: differences of addresses decide.  Three of which two are written: pairs of
# pointers do.  The last loop needs no check.
SOURCE = """
void difference(double *out, const double *a, long n) {
  for (long i = 0; i < n; i++) out[i] = a[i] * 3.0;
}
void overlap(double *out, double *more, const double *a, const long *stride, long n) {
  for (long i = 0; i < n; i++) { out[2 * i] = a[i] + 1.0; out[2 * i + 1] = a[i]; more[i] = a[i] * 3.0; }
}
void apart(double *restrict out, const double *restrict a, long n) {
  for (long i = 0; i < n; i++) out[i] = a[i] * 3.0;
}
double *upto(double *p, double *end, double *less) {
  while (p < end && p < less) p++;
  return p;
}
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("checks") / "loops.c"
    path.write_text(SOURCE)
    return before_slp_of(path, ["-march=x86-64-v3"])


def labels(ir: str) -> dict[str, list[str]]:
    """The labels of the blocks found."""
    functions = {each.name: each for each in functions_of(ir)}
    return {
        name: [functions[name].blocks[number].label for number in sorted(blocks)]
        for name, blocks in checks_of(ir).items()
    }


def nameless(ir: str) -> str:
    """The module as a compiler leaves it that drops names."""
    bitcode = llvm.run_passes(ir, "verify", bitcode=True)
    return llvm.run_passes(bitcode, "verify", ["-discard-value-names"])


def test_blocks_are_found_by_name(module: str):
    found = labels(module)
    assert found.keys() == {"@difference", "@overlap"}
    assert [label.rstrip("0123456789") for label in found["@overlap"]] == ["vector.memcheck"]
    assert len(found["@difference"]) == 1


def test_blocks_are_found_without_names(module: str):
    bare = nameless(module)
    assert "memcheck" not in bare
    assert checks_of(bare) == checks_of(module)


def test_no_check_without_a_vectorized_loop(module: str):
    bare = nameless(module).replace("llvm.loop.isvectorized", "llvm.loop.other")
    assert checks_of(bare) == {}


def test_a_check_merged_into_another_block_is_found_by_its_parts(module: str):
    renamed = module.replace("vector.memcheck", "iter.merged")
    assert checks_of(renamed) == checks_of(module)


def test_the_nas_benchmarks(tmp_path: Path):
    nas = Path(__file__).parent.parent / "datasets/nas"
    flags = ["-march=znver4", "-DNPB_CLASS_W", f"-I{nas / 'common'}"]
    ir = before_slp_of(nas / "sp/sp_solve.c", flags)
    found = checks_of(ir)
    assert {name: len(blocks) for name, blocks in found.items()} == {
        "@x_solve": 1,
        "@y_solve": 3,
        "@z_solve": 3,
    }
    assert checks_of(nameless(ir)) == found
    packed = llvm.slp(ir)  # makes vectors of the pointers
    assert re.search(r"icmp ult <\d+ x ptr>", packed)
    assert checks_of(packed) == checks_of(nameless(packed)) == found
