"""--vecgnn-keep: the modules as they reach the packer, whatever the packer, and an index of them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from test_driver import PRODUCTS, SCRIPTS, Done, Folder

from vecgnn import llvm

COMPILE = "-O3 -march=x86-64-v3 -c products.c"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def _index(folder: Folder, name: str = "kept") -> list[dict[str, Any]]:
    return [json.loads(line) for line in folder.read(f"{name}/index.jsonl").splitlines()]


def _modules(folder: Folder, name: str = "kept") -> list[str]:
    return sorted(path.name for path in (folder.path / name).iterdir() if path.name != "index.jsonl")


def test_a_module_is_kept_with_where_it_comes_from(folder: Folder) -> None:
    assert folder.cc(f"{COMPILE} --vecgnn-keep=kept") == Done(0, "", "")
    (record,) = _index(folder)
    assert _modules(folder) == [record["module"]] == [record["hash"] + ".bc"]
    assert (record["source"], record["output"], record["functions"]) == ("products.c", "products.o", 1)
    assert (record["march"], record["level"], record["folder"]) == ("x86-64-v3", "O3", str(folder.path))
    text = llvm.run_tool("opt", ["-S", folder.path / "kept" / record["module"]])
    assert text.count("fmul double") == 4  # what SLP would have packed


@pytest.mark.parametrize("packer", ["none", "off", "llvm"])
def test_the_packer_makes_no_difference(folder: Folder, packer: str) -> None:
    folder.cc(f"{COMPILE} --vecgnn-keep=kept")
    assert folder.cc(f"{COMPILE} --vecgnn-packer={packer}", VECGNN_KEEP="kept") == Done(0, "", "")
    first, second = _index(folder)
    assert first == second
    assert len(_modules(folder)) == 1


def test_off_stays_clang(folder: Folder) -> None:
    assert folder.clang("-O3 -Wall products.c main.c -o theirs") == Done(0, "", "")
    done = folder.cc("-O3 -Wall products.c main.c -o ours --vecgnn-packer=off --vecgnn-keep=kept")
    assert done == Done(0, "", "")
    assert folder.program("ours") == folder.program("theirs")
    assert {record["source"] for record in _index(folder)} == {"products.c", "main.c"}
    source = PRODUCTS.replace('#include "sizes.h"', "")
    folder.cc("-O3 -x c - -c -o ours.o --vecgnn-packer=off --vecgnn-keep=more", stdin=source)
    folder.clang("-O3 -x c - -c -o theirs.o", stdin=source)
    assert (folder.path / "ours.o").read_bytes() == (folder.path / "theirs.o").read_bytes()
    assert len(_index(folder, "more")) == 1


def test_nothing_is_kept_where_no_packer_would_run(folder: Folder) -> None:
    (folder.path / "broken.c").write_text("int f(void) { return x; }\n")
    for packer in ("off", "greedy"):
        assert folder.cc("-O0 -c products.c --vecgnn-keep=kept", VECGNN_PACKER=packer) == Done(0, "", "")
        expected = folder.clang("-O3 -c broken.c")
        assert folder.cc("-O3 -c broken.c --vecgnn-keep=kept", VECGNN_PACKER=packer) == expected
    assert not (folder.path / "kept").exists()


def test_compilers_side_by_side_keep_into_one_folder(folder: Folder) -> None:
    names = [f"part{number}.c" for number in range(4)]
    for name in names:
        (folder.path / name).write_text(PRODUCTS)
    command = [str(SCRIPTS / "vecgnn-cc"), "-O3", "-c", "--vecgnn-packer=none", "--vecgnn-keep=kept"]
    # Each twice: the same module by two compilers at once.
    running = [
        subprocess.Popen([*command, name, "-o", f"{name}{number}.o"], cwd=folder.path)
        for name in names
        for number in range(2)
    ]
    assert [each.wait(120) for each in running] == [0] * 8
    records = _index(folder)
    assert sorted(record["source"] for record in records) == sorted(names * 2)
    assert _modules(folder) == sorted({record["module"] for record in records})
    assert len(_modules(folder)) == len(names)


@pytest.mark.parametrize("packer", ["off", "greedy"])
def test_a_folder_that_cannot_be_written_costs_a_warning(folder: Folder, packer: str) -> None:
    done = folder.cc(f"{COMPILE} --vecgnn-keep=main.c --vecgnn-packer={packer}")
    assert (done.status, done.err) == (
        0,
        "vecgnn-cc: warning: products.c: main.c: File exists; module not kept\n",
    )
    assert (folder.path / "products.o").is_file()
