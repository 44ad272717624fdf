"""Corpora from builds: harvested ones, libraries of a manifest, and labels by way of Ray."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from vecgnn.cli import main
from vecgnn.corpus.fetch import CommandFailed, source_tree
from vecgnn.corpus.folder import Corpus
from vecgnn.corpus.labels import label, read_labels
from vecgnn.corpus.manifest import MANIFEST, read_manifest
from vecgnn.corpus.solving import solver_pool
from vecgnn.corpus.split import split_of
from vecgnn.errors import InputError
from vecgnn.slp.pack import Effort

TWICE = "void twice(double *restrict x) { x[0] *= 2; x[1] *= 2; x[2] *= 2; x[3] *= 2; }\n"
THRICE = "void thrice(float *restrict x) { x[0] *= 3; x[1] *= 3; x[2] *= 3; x[3] *= 3; }\n"
BUILD = """#!/bin/sh
set -e
mkdir -p objects
for file in sources/*.c; do $CC $CFLAGS -c $file -o objects/$(basename $file .c).o; done
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A program with two sources and a build that compiles them by $CC."""
    tree = tmp_path / "program"
    (tree / "sources").mkdir(parents=True)
    (tree / "sources" / "twice.c").write_text(TWICE)
    (tree / "sources" / "thrice.c").write_text(THRICE)
    (tree / "build.sh").write_text(BUILD)
    return tree


# Harvest


def test_a_build_is_harvested_and_its_status_passed_on(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tree)
    monkeypatch.setenv("CFLAGS", "-O3 -march=x86-64-v3")
    folder = tmp_path / "corpus"
    assert main(["corpus", "harvest", "-o", str(folder), "--", "sh", "build.sh"]) == 0
    assert "2 modules, 2 functions" in capfd.readouterr().err
    entries = Corpus(folder).entries()
    assert {(e.program, e.origin, e.march, e.source, e.functions) for e in entries} == {
        ("program", "harvest", "x86-64-v3", f"sources/{name}.c", 1) for name in ("twice", "thrice")
    }
    assert (tree / "objects" / "twice.o").is_file()  # the build is one
    assert sorted(path.name for path in folder.iterdir()) == ["index.jsonl", "modules"]

    again = ["corpus", "harvest", "--corpus", str(folder), "--program", "other", "--"]
    assert main([*again, "sh", "-c", "sh build.sh; exit 7"]) == 7
    assert [entry.program for entry in Corpus(folder).entries()].count("other") == 2
    assert len(list((folder / "modules").iterdir())) == 2


def test_a_build_may_name_the_compiler(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    command = "CC=vecgnn-cc CFLAGS=-O3 sh build.sh"
    assert main(["corpus", "harvest", "-o", str(tmp_path / "corpus"), "--", "sh", "-c", command]) == 0
    assert len(Corpus(tmp_path / "corpus").entries()) == 2


def test_the_same_build_again_adds_nothing(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree)
    monkeypatch.setenv("CFLAGS", "-O2")
    for _ in range(2):
        assert main(["corpus", "harvest", "-o", str(tmp_path / "corpus"), "--", "sh", "build.sh"]) == 0
    assert len((tmp_path / "corpus" / "index.jsonl").read_text().splitlines()) == 2


def test_a_build_that_compiles_nothing_by_us_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["corpus", "harvest", "-o", str(tmp_path / "corpus"), "--", "true"]) == 0
    assert "does the build use them?" in capfd.readouterr().err


# Fetch


def manifest(tmp_path: Path, text: str) -> str:
    file = tmp_path / "libraries.toml"
    file.write_text(text)
    return str(file)


def test_a_library_is_built_once_and_one_that_fails_stops_no_other(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = tmp_path / "cache" / "sources"
    sources.mkdir(parents=True)
    for name in ("good", "bad"):
        (sources / name).mkdir()
    tree.rename(sources / "good" / "tree")
    (sources / "bad" / "tree").mkdir()
    file = manifest(
        tmp_path,
        """
        [all]
        build = ["sh build.sh"]
        march = ["x86-64-v3"]
        [broken]
        package = "bad"
        [fine]
        package = "good"
        configure = ["sh -c 'echo \\"int trial;\\" > trial.c; $CC -O3 -c trial.c'"]
        march = ["x86-64-v3", "znver5"]
        without = ["sources/thr*"]
        """,
    )
    folder = tmp_path / "corpus"
    command = [
        "corpus",
        "fetch",
        "--manifest",
        file,
        "--cache",
        str(tmp_path / "cache"),
        "--corpus",
        str(folder),
    ]
    assert main(command) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "broken x86-64-v3: sh build.sh ended with status" in lines[0]
    assert "log.txt" in lines[0]
    assert lines[1].startswith("fine x86-64-v3: 1 modules, 1 functions, ")
    assert lines[2].startswith("fine znver5: 1 modules, 1 functions, ")
    entries = Corpus(folder).entries()
    assert {(e.program, e.origin, e.march, e.source) for e in entries} == {
        ("fine", "library", march, "sources/twice.c") for march in ("x86-64-v3", "znver5")
    }
    (sources / "good" / "tree" / "build.sh").write_text("exit 1\n")  # not asked for again
    assert main([*command, "fine"]) == 0
    assert len(folder.joinpath("index.jsonl").read_text().splitlines()) == 2


def test_an_earlier_build_is_reused(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "cache" / "fine-none-x86-64-v3-O3"
    home.mkdir(parents=True)
    monkeypatch.chdir(tree)
    for name, value in {"CC": "vecgnn-cc", "CFLAGS": "-O3 -march=x86-64-v3"}.items():
        monkeypatch.setenv(name, value)
    kept = tmp_path / "kept"
    assert main(["corpus", "harvest", "-o", str(kept), "--", "sh", "build.sh"]) == 0
    before = Corpus(kept).entries()
    (home / "modules").mkdir()
    lines = [
        f'{{"hash":"{e.hash}","module":"{e.hash}.bc","functions":1,"source":"{e.source}","folder":"/x",'
        f'"march":"x86-64-v3","triple":"x86_64-pc-linux-gnu"}}'
        for e in before
    ]
    (home / "modules" / "index.jsonl").write_text("\n".join(lines) + "\n")
    (home / "build.json").write_text("{}")
    for e in before:
        (kept / e.module).rename(home / "modules" / f"{e.hash}.bc")
    text = (
        '[fine]\nbuild = ["false"]\nmarch = ["x86-64-v3"]\nreused = "fine-none-{march}-O3"\nfunctions = 1\n'
    )
    command = ["corpus", "fetch", "--manifest", manifest(tmp_path, text), "--cache", str(tmp_path / "cache")]
    assert main([*command, "--corpus", str(tmp_path / "corpus")]) == 0
    (entry,) = Corpus(tmp_path / "corpus").entries()  # one function was asked for
    assert entry.hash in {e.hash for e in before}


def test_a_package_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    home = tmp_path / "sources" / "gone"
    home.mkdir(parents=True)
    (home / "gone_1.dsc").write_text("no description of a package\n")
    with pytest.raises(CommandFailed, match=r"dpkg-source .* ended with status \d+: see .*log.txt"):
        source_tree("gone", tmp_path)
    assert not list(home.glob("*.dsc"))  # the next attempt fetches again


def test_a_package_without_its_signature_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, script in {
        "apt-get": 'case "$*" in *source*) echo 1 > here_1.dsc; exit 100;; esac',
        "dpkg-source": "mkdir unpacked && cp here_1.dsc unpacked",
    }.items():
        (commands / name).write_text(f"#!/bin/sh\n{script}\n")
        (commands / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{commands}:{os.environ['PATH']}")
    assert (source_tree("here", tmp_path) / "here_1.dsc").is_file()


def test_the_manifest_has_a_dozen_libraries_and_those_held_out() -> None:
    libraries = read_manifest(MANIFEST)
    splits = {name: split_of(name) for name in libraries}
    assert {name for name, split in splits.items() if split == "held-out"} == {"gsl", "zlib", "opus"}
    assert list(splits.values()).count("train") >= 12
    assert {"x86-64-v3", "znver5"} <= {march for library in libraries.values() for march in library.march}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[one]\nbuild = [", "not TOML"),
        ('[one]\nmarch = ["znver5"]\n', "say how it is built"),
        ('[one]\nbuild = ["make"]\n', "for what (march)"),
        ('[one]\nbuild = "make"\nmarch = ["znver5"]\n', "build: give some of"),
        ('[one]\nbuild = ["make"]\nmarch = ["znver5"]\ncolour = 1\n', "colour: give some of"),
    ],
)
def test_a_manifest_that_cannot_be_is_refused(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read_manifest(Path(manifest(tmp_path, text)))
    assert said in str(refused.value)


# Ray


def test_ray_answers_as_processes_do(tmp_path: Path) -> None:
    source = tmp_path / "twice.c"
    source.write_text(TWICE + THRICE)
    answers = []
    for place, ray in (("here", ""), ("there", "local")):
        corpus = Corpus(tmp_path / place)
        assert main(["corpus", "kernels", str(source), "--corpus", str(corpus.folder)]) == 0
        with solver_pool(1, ray, Effort(time_limit=2.0)) as experts:
            found = label(corpus, experts)
        assert found.statuses == {"optimal": 4}
        assert not found.troubles
        answers.append(
            {
                structure: (known.answer.packs, known.answer.objective, known.target)
                for structure, known in read_labels(corpus)[0].items()
            }
        )
    assert answers[0] == answers[1]


def test_a_cluster_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"--ray 127.0.0.1:1: no cluster there: .*refused"):
        solver_pool(1, "127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"pip install 'vecgnn\[ray\]'"):
        solver_pool(1, "auto")
