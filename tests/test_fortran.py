"""vecgnn-flang beside flang: the same files, messages and exit statuses; vector code where it may be."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sysconfig
from pathlib import Path

import pytest

from vecgnn import llvm
from vecgnn.driver import fortran
from vecgnn.driver.plan import Job

FLANG = str(llvm.find_tool("flang"))
DRIVER = Path(sysconfig.get_path("scripts")) / "vecgnn-flang"
FLAGS = "-O3 -march=x86-64-v3"

GRID = """
module grid
  implicit none
  integer, parameter :: n = 12
  double precision :: u(5, n, n), r(5, n, n)
  double precision, allocatable :: work(:, :)
  common /blocks/ a(5, 5), b(5, 5)
  double precision :: a, b
contains
  subroutine stencil(c)
    double precision, intent(in) :: c
    integer :: i, j, m
    do j = 2, n - 1
      do i = 2, n - 1
        do m = 1, 5
          r(m, i, j) = r(m, i, j) + c * (u(m, i - 1, j) - 2d0 * u(m, i, j) + u(m, i + 1, j))
        end do
      end do
    end do
  end subroutine stencil
  subroutine solve(lhs, rhs)
    double precision, intent(inout) :: lhs(5, 5), rhs(5)
    double precision :: pivot, factor
    integer :: i, j, k
    do i = 1, 5
      pivot = 1d0 / lhs(i, i)
      do j = i + 1, 5
        lhs(i, j) = lhs(i, j) * pivot
      end do
      rhs(i) = rhs(i) * pivot
      do k = 1, 5
        if (k == i) cycle
        factor = lhs(k, i)
        do j = i + 1, 5
          lhs(k, j) = lhs(k, j) - factor * lhs(i, j)
        end do
        rhs(k) = rhs(k) - factor * rhs(i)
      end do
    end do
  end subroutine solve
end module grid
"""
MAIN = """
      program main
      use grid
      implicit none
      double precision v(5)
      integer i, j, m
      do 10 j = 1, n
      do 10 i = 1, n
      do 10 m = 1, 5
        u(m, i, j) = SCALE * (m + 2 * i + 3 * j) ** 2
        r(m, i, j) = 0
   10 continue
      call stencil(0.5d0)
      allocate (work(5, 5))
      do j = 1, 5
        do i = 1, 5
          work(i, j) = 1d0 / (i + j)
        end do
        work(j, j) = work(j, j) + 3
        v(j) = j
      end do
      a = work
      call solve(work, v)
      b = matmul(a, work)
      write (*, '(f14.6, 5f10.6)') sum(r), v
      end
"""
PRODUCTS = """
subroutine products(c, a, b)
  double precision :: a(4), b(4), c(4)
  c(1) = a(1) * b(1)
  c(2) = a(2) * b(2)
  c(3) = a(3) * b(3)
  c(4) = a(4) * b(4)
end subroutine products
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "grid.f90").write_text(GRID)
    (tmp_path / "main.F").write_text(MAIN)
    (tmp_path / "products.f90").write_text(PRODUCTS)
    (tmp_path / "wrong.f90").write_text("integer :: i\ni = 'a'\nend\n")
    return tmp_path


def run(folder: Path, program: str | Path, line: str, **environment: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [str(program), *shlex.split(line)],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def code(path: Path) -> str:
    return llvm.run_tool("llvm-objdump", ["-d", "-r", path]).partition("file format")[2]


@pytest.mark.parametrize(("packer", "like"), [("llvm", ""), ("none", "-fno-slp-vectorize")])
def test_the_split_makes_the_code_that_flang_makes(folder: Path, packer: str, like: str) -> None:
    """The pipeline in two parts, and clang's code generator in the place of flang's, change nothing."""
    assert run(folder, FLANG, f"{FLAGS} {like} -c grid.f90 -o flang.o") == (0, "", "")
    done = run(folder, DRIVER, f"{FLAGS} -c grid.f90 -o ours.o --vecgnn-packer={packer}")
    assert done == (0, "", "")
    assert code(folder / "ours.o") == code(folder / "flang.o")


def test_a_program_of_two_files(folder: Path) -> None:
    """Modules go where they are told to; fixed form, the preprocessor and the linker as flang has them."""
    (folder / "mod").mkdir()
    line = f"{FLAGS} -J mod -DSCALE=0.25 grid.f90 main.F"
    assert run(folder, FLANG, f"{line} -o plain")[0] == 0
    expected = run(folder, folder / "plain", "")
    (folder / "mod/grid.mod").unlink()
    for packer in ("none", "llvm", "greedy", "best", "count"):
        status, _, messages = run(
            folder, DRIVER, f"{line} -o program --vecgnn-stats=stats", VECGNN_PACKER=packer
        )
        assert (status, messages) == (0, "")
        assert run(folder, folder / "program", "") == expected
    assert (folder / "mod/grid.mod").is_file()
    records = [json.loads(line) for line in (folder / "stats").read_text().splitlines()]
    assert [record["file"] for record in records] == ["grid.f90", "main.F"] * 5
    for record in records:
        assert (record["trouble"], record["untouched"]) == ("", "")
        if record["packer"] == "greedy":
            assert record["changed"] > 0
            assert len(record["by_function"]) == record["functions"]  # the reader leaves none alone
    assert (folder / "vecgnn.counts").is_file()


def test_vector_code_can_be_seen(folder: Path) -> None:
    line = f"{FLAGS} -S -emit-llvm products.f90 -o -"
    assert "fmul contract double" in run(folder, DRIVER, f"{line} --vecgnn-packer=none")[1]
    status, text, messages = run(folder, DRIVER, f"{line} --vecgnn-verbose")
    assert status == 0
    assert "fmul contract <4 x double>" in text
    assert "vecgnn-flang: products.f90: 1 of 1 functions vectorized" in messages


@pytest.mark.parametrize(
    "line",
    [
        f"{FLAGS} -c wrong.f90",
        f"{FLAGS} -c missing.f90",
        f"{FLAGS} grid.f90",  # no main program
        "-Os -c grid.f90",  # flang has no such level
        f"{FLAGS} -save-temps -c grid.f90",  # flang 22 fails in the assembler
    ],
)
def test_errors_are_flangs(folder: Path, line: str) -> None:
    status, out, messages = run(folder, DRIVER, line)
    expected = run(folder, FLANG, line)
    assert (status, out) == expected[:2]
    assert status != 0
    # The linker's message names a temporary file.
    assert messages.splitlines()[-1:] == expected[2].splitlines()[-1:]
    if "wrong" in line:
        assert messages == expected[2]


@pytest.mark.parametrize(
    "line",
    ["-O1 -c", "-O3 -fno-slp-vectorize -c", "-O3 -flto -c", "-O3 -mllvm -opt-bisect-limit=-1 -c"],
)
def test_steps_left_to_flang(folder: Path, line: str) -> None:
    assert run(folder, FLANG, f"{line} grid.f90 -o flang.o")[0] == 0
    status, _, messages = run(folder, DRIVER, f"{line} grid.f90 -o ours.o --vecgnn-verbose")
    assert status == 0
    assert "left to flang: " in messages
    assert (folder / "ours.o").read_bytes() == (folder / "flang.o").read_bytes()


def test_a_module_is_kept(folder: Path) -> None:
    run(folder, DRIVER, f"{FLAGS} -c grid.f90 --vecgnn-keep=kept")
    (record,) = [json.loads(line) for line in (folder / "kept/index.jsonl").read_text().splitlines()]
    assert (record["source"], record["march"], record["functions"]) == ("grid.f90", "x86-64-v3", 2)


def job(words: str) -> Job:
    return Job(("flang", "-fc1", *words.split(), "-o", "x.o", "-x", "f95", "x.f90"))


def test_words_are_sorted() -> None:
    words = job(
        "-triple t -emit-obj -I inc -D A=1 -ffast-math -target-cpu c -vectorize-slp -mllvm -O -O3"
    ).words
    assert fortran.obstacle(words) == "no -O level of flang's but -O2 and -O3 is known here"
    words = job(
        "-triple t -emit-obj -I inc -D A=1 -ffast-math -target-cpu c -vectorize-slp -mllvm -y -O3"
    ).words
    assert fortran.obstacle(words) == ""
    assert " ".join(fortran.for_code_generator(words, "m.bc", ["-e"])) == (
        "-cc1 -e -triple t -emit-obj -target-cpu c -mllvm -y -O3 -o x.o -x ir m.bc"
    )


def test_what_is_not_understood_is_left_alone() -> None:
    assert job("-emit-obj -vectorize-slp -O3 -mnovelty").obstacle() == "-mnovelty is not understood"
    assert job("-emit-obj -vectorize-slp -O3").obstacle() == ""
