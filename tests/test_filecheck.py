"""The RUN lines of tests/ir/*.ll: each must end with status 0.

A line is a pipeline of commands, as lit knows them; ``%s`` is the file, ``not`` before a command wants it
to fail.  ``vecgnn`` and ``filecheck`` are those of the interpreter that runs the tests.  A command that is
not to be found fails its test.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "ir"
_RUN = re.compile(r"^\s*;\s*RUN:\s*(.*?)\s*$", re.MULTILINE)
_SCRIPTS = Path(sysconfig.get_path("scripts"))


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a pipeline; ``fails`` where the line says ``not``."""

    words: tuple[str, ...]
    fails: bool


def run_lines(text: str) -> list[str]:
    """The commands of a file's RUN lines; a backslash at the end continues on the next RUN line."""
    lines: list[str] = []
    continued = False
    for line in _RUN.findall(text):
        if continued:
            lines[-1] += line
        else:
            lines.append(line)
        continued = line.endswith("\\")
        lines[-1] = lines[-1].removesuffix("\\")
    return lines


def pipeline(line: str, file: Path) -> list[Command]:
    """A RUN line's commands, ``%s`` and ``%S`` filled in."""
    commands: list[list[str]] = [[]]
    # A lone | separates; quoted, it is a word's part.
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|")
    lexer.whitespace_split = True
    lexer.commenters = ""
    for word in lexer:
        if word == "|":
            commands.append([])
        else:
            commands[-1].append(word.replace("%s", str(file)).replace("%S", str(file.parent)))
    return [Command(tuple(words[words[0] == "not" :]), words[0] == "not") for words in commands]


def executable(name: str) -> str:
    """The path of a command: one of this interpreter's scripts, or one on PATH."""
    if (_SCRIPTS / name).is_file():
        return str(_SCRIPTS / name)
    if found := shutil.which(name):
        return found
    pytest.fail(f"{name} not found: run make setup")


def run(line: str, file: Path) -> None:
    """Run a pipeline, one command after another; fails the test at the first with a wrong status."""
    text = b""
    for command in pipeline(line, file):
        words = [executable(command.words[0]), *command.words[1:]]
        done = subprocess.run(words, input=text, capture_output=True, check=False, timeout=120)
        if (done.returncode != 0) != command.fails:
            messages = f"{done.stdout.decode()}\n{done.stderr.decode()}"
            pytest.fail(
                f"status {done.returncode}: {shlex.join(command.words)}\nof: {line}\n{messages}", False
            )
        # What a command that shall fail says is what the next one reads, whichever way it says it.
        text = done.stdout + done.stderr if command.fails else done.stdout


def _cases() -> list[object]:
    return [
        pytest.param(line, file, id=f"{file.stem}-{number}" if number else file.stem)
        for file in sorted(FOLDER.glob("*.ll"))
        for number, line in enumerate(run_lines(file.read_text()) or [""])
    ]


@pytest.mark.parametrize(("line", "file"), _cases())
def test_run_line(line: str, file: Path) -> None:
    assert line, f"{file} has no RUN line"
    run(line, file)


def test_a_line_is_read() -> None:
    text = "; RUN: vecgnn vectorize %s \\\n; RUN:  -o - | filecheck %s\n; CHECK: RUN\n; RUN: not cat 'a|b'\n"
    lines = run_lines(text)
    assert len(lines) == 2
    file = Path("/a/b.ll")
    assert pipeline(lines[0], file) == [
        Command(("vecgnn", "vectorize", "/a/b.ll", "-o", "-"), False),
        Command(("filecheck", "/a/b.ll"), False),
    ]
    assert pipeline(lines[1], file) == [Command(("cat", "a|b"), True)]


def test_a_wrong_check_fails(tmp_path: Path) -> None:
    file = tmp_path / "wrong.ll"
    file.write_text("; CHECK: fmul <2 x double>\n")
    with pytest.raises(pytest.fail.Exception, match="status 1"):
        run(f"{shlex.quote(sys.executable)} -c \"print('fmul double')\" | filecheck %s", file)
    run(f"{shlex.quote(sys.executable)} -c \"print('fmul double')\" | not filecheck %s", file)
    with pytest.raises(pytest.fail.Exception, match="not found"):
        run("no-such-command %s", file)
