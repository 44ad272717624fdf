"""Build GSL and zlib with clang and with vecgnn-cc, run their own tests, and compare.

    python benchmarks/libraries.py [zlib] [gsl] [--packer greedy] [--march x86-64-v3] [--jobs 2]

Sources come as Debian source packages into .cache/libraries; every finished stage is kept, so that the same
command goes on where it was stopped.  The result is one JSON file with both builds' tests and times, and what
the packer did.  --fresh builds with the packer anew (the compiler has changed), the clang build stays.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "libraries"
_RESULT_LINE = re.compile(r"^(PASS|FAIL|XFAIL|XPASS|ERROR|SKIP): (\S.*)$", re.MULTILINE)
_ZLIB_LINE = re.compile(r"\*\*\* (.*?) test (OK|FAILED) \*\*\*")


@dataclass(frozen=True, slots=True)
class Library:
    """How a library is configured and tested."""

    name: str
    configure: tuple[str, ...]
    by_folder: bool  # an automake tree, whose tests run folder by folder
    skipped: tuple[str, ...] = ()  # folders that Debian ships in part only


LIBRARIES = {
    "zlib": Library("zlib", ("./configure", "--static"), False),
    "gsl": Library(
        "gsl", ("./configure", "--disable-shared", "--disable-dependency-tracking"), True, ("doc",)
    ),
}


@dataclass(frozen=True, slots=True)
class Build:
    """One library under one compiler, with its folder and its log."""

    library: Library
    label: str
    cc: str
    flags: str
    environment: dict[str, str]
    jobs: int

    @property
    def home(self) -> Path:
        return CACHE / f"{self.library.name}-{self.label}"

    @property
    def tree(self) -> Path:
        return self.home / "tree"

    @property
    def stats(self) -> Path:
        return self.home / "stats.jsonl"


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


class StageFailed(Exception):
    """A command of a stage failed; its log tells why."""


def command(
    build_log: Path, words: list[str], folder: Path, environment: dict[str, str] | None = None
) -> int:
    """Run a command with its output added to a log; the exit status."""
    with build_log.open("ab") as log:
        log.write(f"\n$ {' '.join(words)}\n".encode())
        log.flush()
        return subprocess.run(
            words,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            check=False,
        ).returncode


def must(build_log: Path, words: list[str], folder: Path, environment: dict[str, str] | None = None) -> None:
    if status := command(build_log, words, folder, environment):
        raise StageFailed(f"{' '.join(words)} ended with status {status}: see {build_log}")


# Sources


def source_lists() -> Path:
    """A folder with the machine's Debian lists, asking for sources; the machine's own stay as they are."""
    folder = CACHE / "apt"
    parts = folder / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    (folder / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    for file in Path("/etc/apt").glob("sources.list.d/*.sources"):
        text = re.sub(r"^Types:.*$", "Types: deb-src", file.read_text(), flags=re.MULTILINE)
        (parts / file.name).write_text(text)
    for file in [Path("/etc/apt/sources.list"), *Path("/etc/apt").glob("sources.list.d/*.list")]:
        if file.is_file():
            text = re.sub(r"^deb\b", "deb-src", file.read_text(), flags=re.MULTILINE)
            (parts / file.name).write_text(text)
    return folder


def fetch(library: Library) -> Path:
    """The unpacked pristine source tree, with Debian's patches."""
    home = CACHE / "sources" / library.name
    tree = home / "tree"
    if tree.is_dir():
        return tree
    say(f"{library.name}: fetching the source package")
    home.mkdir(parents=True, exist_ok=True)
    log = home / "log.txt"
    apt = source_lists()
    options = [
        "-o", "Dir::Etc::SourceList=/dev/null", "-o", f"Dir::Etc::SourceParts={apt / 'parts'}",
        "-o", f"Dir::State::Lists={apt / 'lists'}",
    ]  # fmt: skip
    if not list(home.glob("*.dsc")):
        must(log, ["apt-get", *options, "update"], home)
        must(log, ["apt-get", *options, "source", "--download-only", library.name], home)
    description = next(iter(sorted(home.glob("*.dsc"))))
    unpacked = home / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    must(log, ["dpkg-source", "--no-check", "-x", description.name, "unpacked"], home)
    unpacked.rename(tree)
    return tree


# Stages of a build


def stage(build: Build, name: str, work: Any) -> Any:
    """The result of a stage: kept as JSON beside the tree once it is done."""
    done = build.home / f"{name}.json"
    if done.is_file():
        return json.loads(done.read_text())
    say(f"{build.library.name} with {build.label}: {name}")
    started = time.monotonic()
    result = work(build)
    record = {"seconds": round(time.monotonic() - started, 1), "result": result}
    done.write_text(json.dumps(record))
    say(f"{build.library.name} with {build.label}: {name} done in {record['seconds']} s")
    return record


def configure(build: Build) -> None:
    shutil.rmtree(build.tree, ignore_errors=True)
    shutil.copytree(fetch(build.library), build.tree, symlinks=True)
    # The trial programs of configure are no part of the library.
    environment = {"CC": build.cc, "CFLAGS": build.flags, **build.environment, "VECGNN_STATS": ""}
    must(build.home / "log.txt", list(build.library.configure), build.tree, environment)
    for folder in build.library.skipped:
        (build.tree / folder / "Makefile").write_text("all check:\n")


def compile_all(build: Build) -> None:
    build.stats.unlink(missing_ok=True)
    environment = {**build.environment, "VECGNN_STATS": str(build.stats)}
    must(build.home / "log.txt", ["make", f"-j{build.jobs}"], build.tree, environment)


def test_folders(build: Build) -> list[str]:
    """The folders of an automake tree that have tests."""
    makefiles = sorted(build.tree.rglob("Makefile"))
    return [
        str(file.parent.relative_to(build.tree))
        for file in makefiles
        if re.search(r"^check-TESTS:", file.read_text(errors="replace"), re.MULTILINE)
    ]


def check_folder(build: Build, folder: str) -> dict[str, Any]:
    """A folder's own tests by name, and the assertions that failed in them."""
    log = build.home / "check-logs" / f"{folder.replace('/', '_')}.txt"
    log.parent.mkdir(exist_ok=True)
    log.unlink(missing_ok=True)
    status = command(
        log, ["make", "-k", f"-j{build.jobs}", "check-am"], build.tree / folder, build.environment
    )
    text = log.read_text(errors="replace")
    tests = {name: result for result, name in _RESULT_LINE.findall(text)}
    failures: list[str] = []
    for name in tests:
        own = build.tree / folder / f"{name}.log"
        if own.is_file():
            lines = own.read_text(errors="replace").splitlines()
            failures += [line for line in lines if line.startswith("FAIL")]
    return {"status": status, "tests": tests, "failed_assertions": failures}


def check(build: Build) -> dict[str, Any]:
    """Every test's result by "folder/name"."""
    tests: dict[str, str] = {}
    failures: list[str] = []
    if build.library.by_folder:
        folders = test_folders(build)
        for number, folder in enumerate(folders, 1):
            done = build.home / "check" / f"{folder.replace('/', '_')}.json"
            done.parent.mkdir(exist_ok=True)
            if not done.is_file():
                started = time.monotonic()
                done.write_text(json.dumps(check_folder(build, folder)))
                seconds = time.monotonic() - started
                say(f"  {build.label} {number} of {len(folders)}: {folder}, {seconds:.0f} s")
            record = json.loads(done.read_text())
            if record["status"] and not record["tests"]:
                tests[f"{folder}/build"] = "ERROR"
            tests |= {f"{folder}/{name}": result for name, result in record["tests"].items()}
            failures += [f"{folder}: {line}" for line in record["failed_assertions"]]
    else:
        log = build.home / "check.txt"
        log.unlink(missing_ok=True)
        status = command(log, ["make", "test"], build.tree, build.environment)
        found = _ZLIB_LINE.findall(log.read_text(errors="replace"))
        tests = {name: "PASS" if result == "OK" else "FAIL" for name, result in found}
        if status and "FAIL" not in tests.values():
            tests["make test"] = "ERROR"
    return {"tests": tests, "failed_assertions": failures}


def packing(build: Build) -> dict[str, Any]:
    """What the driver's statistics of a build add up to."""
    if not build.stats.is_file():
        return {}
    records = [json.loads(line) for line in build.stats.read_text().splitlines()]
    # A file that was compiled twice counts as it was compiled last.
    records = list(
        {(record["folder"], record["file"], record["output"]): record for record in records}.values()
    )
    changed = [each for record in records for each in record.get("changed_functions", ())]
    reductions = [1 - each["cost_after"] / each["cost_before"] for each in changed if each["cost_before"] > 0]
    seconds: dict[str, float] = {}
    for record in records:
        for part, value in record["seconds"].items():
            seconds[part] = round(seconds.get(part, 0.0) + value, 3)
    return {
        "files": len(records),
        "functions": sum(record.get("functions", 0) for record in records),
        "changed": len(changed),
        "cost_before": sum(each["cost_before"] for each in changed),
        "cost_after": sum(each["cost_after"] for each in changed),
        "mean_reduction": round(statistics.mean(reductions), 4) if reductions else 0.0,
        "median_reduction": round(statistics.median(reductions), 4) if reductions else 0.0,
        "seconds": seconds,
        "left_to_clang": sum(bool(record["untouched"]) for record in records),
        "troubles": [f"{record['file']}: {record['trouble']}" for record in records if record["trouble"]],
    }


def run(build: Build) -> dict[str, Any]:
    """All stages of a build."""
    build.home.mkdir(parents=True, exist_ok=True)
    kept = build.home / "flags.txt"
    wanted = f"{build.cc} {build.flags} {build.environment}"
    if kept.is_file() and kept.read_text() != wanted:
        shutil.rmtree(build.home)
        build.home.mkdir()
    kept.write_text(wanted)
    stage(build, "configure", configure)
    compiled = stage(build, "build", compile_all)
    checked = stage(build, "check", check)
    return {
        "cc": Path(build.cc).name,
        "build_seconds": compiled["seconds"],
        "check_seconds": checked["seconds"],
        "tests": checked["result"]["tests"],
        "failed_assertions": checked["result"]["failed_assertions"],
        "packing": packing(build),
    }


def compare(base: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Counts of passes, and every test or assertion whose result differs."""
    names = sorted({*base["tests"], *other["tests"]})
    passed = [sum(result == "PASS" for result in each["tests"].values()) for each in (base, other)]
    pairs = {name: [base["tests"].get(name), other["tests"].get(name)] for name in names}
    before = set(base["failed_assertions"])
    after = set(other["failed_assertions"])
    return {
        "tests": len(names),
        "passed": passed,
        "different": {name: pair for name, pair in pairs.items() if pair[0] != pair[1]},
        "assertions_failed_only_with_clang": sorted(before - after),
        "assertions_failed_only_with_the_packer": sorted(after - before),
    }


def host() -> dict[str, str]:
    model = ""
    cpu = Path("/proc/cpuinfo")
    if cpu.is_file():
        model = next((line.split(":")[1].strip() for line in cpu.open() if line.startswith("model name")), "")
    return {
        "cpu": model,
        "system": platform.system(),
        "machine": platform.machine(),
        "cores": str(os.cpu_count()),
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Build libraries with clang and vecgnn-cc; compare their tests."
    )
    parser.add_argument("libraries", nargs="*", metavar="LIBRARY", help="zlib, gsl (default: both)")
    parser.add_argument("--packer", default="greedy")
    parser.add_argument("--march", default="x86-64-v3")
    parser.add_argument("--level", default="-O3")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--fresh", action="store_true", help="build with the packer anew")
    parser.add_argument("-o", "--output", type=Path, help="default: .cache/libraries/NAME-PACKER-MARCH.json")
    options = parser.parse_args()
    names = options.libraries or list(LIBRARIES)
    if unknown := [name for name in names if name not in LIBRARIES]:
        parser.error(f"unknown library {unknown[0]}: use {', '.join(LIBRARIES)}")

    driver = Path(sysconfig.get_path("scripts")) / "vecgnn-cc"
    if not driver.is_file():
        parser.error(f"{driver} is missing: run make setup")
    clang = shutil.which("clang-22")
    if not clang:
        parser.error("clang-22 is missing: run make setup")
    flags = f"{options.level} -march={options.march}"
    results: dict[str, Any] = {}
    for name in names:
        library = LIBRARIES[name]
        kind = f"{options.march}{options.level}"
        base = Build(library, f"clang-{kind}", clang, flags, {}, options.jobs)
        environment = {"VECGNN_PACKER": options.packer}
        ours = Build(library, f"{options.packer}-{kind}", str(driver), flags, environment, options.jobs)
        if options.fresh:
            shutil.rmtree(ours.home, ignore_errors=True)
        try:
            first, second = run(base), run(ours)
        except StageFailed as failure:
            say(f"{name}: {failure}")
            return 1
        comparison = compare(first, second)
        results[name] = {"clang": first, "vecgnn": second, "comparison": comparison}
        say(
            f"{name}: {comparison['passed'][0]} of {comparison['tests']} tests pass with clang, "
            f"{comparison['passed'][1]} with {options.packer}; build {first['build_seconds']} s and "
            f"{second['build_seconds']} s"
        )
        did = second["packing"]
        if did:
            say(
                f"{name}: {did['changed']} of {did['functions']} functions changed in {did['files']} files, "
                f"estimated cost of those {did['cost_before']} -> {did['cost_after']}; "
                f"{len(did['troubles'])} troubles, {did['left_to_clang']} files left to clang"
            )
        for line in [*comparison["different"].items(), *comparison["assertions_failed_only_with_the_packer"]]:
            say(f"  different: {line}")
    version = subprocess.run([clang, "--version"], capture_output=True, text=True, check=True).stdout
    record = {
        "host": host(),
        "clang": version.splitlines()[0],
        "flags": flags,
        "packer": options.packer,
        "jobs": options.jobs,
        "libraries": results,
    }
    kind = f"{options.packer}-{options.march}"
    output = options.output or CACHE / f"{'-'.join(names)}-{kind}.json"
    output.write_text(json.dumps(record, indent=1) + "\n")
    say(f"results: {output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
