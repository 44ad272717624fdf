"""Build GSL and zlib with clang and with vecgnn-cc, run their own tests, and compare.

    python benchmarks/libraries.py [zlib] [gsl] [--packer greedy] [--march x86-64-v3] [--jobs 2]
    python benchmarks/libraries.py --packer ilp --time-limit 2
    python benchmarks/libraries.py --collect-only --march znver5

Sources come as Debian source packages into .cache/libraries; every finished stage is kept, so that the same
command goes on where it was stopped.  The result is one JSON file with both builds' tests and times, and what
the packer did.  --fresh builds with the packer anew (the compiler has changed), the clang build stays.

--keep keeps the module that each file is to the packer in .cache/libraries/NAME-LABEL/modules, with an
index.jsonl of where they come from.  --collect-only does so with the packer "none", and neither tests nor
compares: such a build need not run here.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import Any

from library_builds import CACHE, LIBRARIES, Build, StageFailed, command, compiled, say, stage
from library_results import compare, packing

from vecgnn.provenance import host

_RESULT_LINE = re.compile(r"^(PASS|FAIL|XFAIL|XPASS|ERROR|SKIP): (\S.*)$", re.MULTILINE)
_ZLIB_LINE = re.compile(r"\*\*\* (.*?) test (OK|FAILED) \*\*\*")


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


def run(build: Build) -> dict[str, Any]:
    """All stages of a build."""
    made = compiled(build)
    checked = stage(build, "check", check)
    return {
        "cc": Path(build.cc).name,
        "build_seconds": made["seconds"],
        "check_seconds": checked["seconds"],
        "tests": checked["result"]["tests"],
        "failed_assertions": checked["result"]["failed_assertions"],
        "packing": packing(build.stats),
    }


def collect(build: Build) -> bool:
    """Build a library for its modules alone; did it work?"""
    try:
        compiled(build)
    except StageFailed as failure:
        say(f"{build.library.name}: {failure}")
        return False
    index = [json.loads(line) for line in (build.modules / "index.jsonl").read_text().splitlines()]
    modules = {record["hash"]: record["functions"] for record in index}
    say(f"{build.library.name}: {len(modules)} modules, {sum(modules.values())} functions: {build.modules}")
    return True


def told(name: str, packer: str, first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """A library's comparison, with its figures on standard output."""
    comparison = compare(first, second)
    say(
        f"{name}: {comparison['passed'][0]} of {comparison['tests']} tests pass with clang, "
        f"{comparison['passed'][1]} with {packer}; build {first['build_seconds']} s and "
        f"{second['build_seconds']} s"
    )
    if did := second["packing"]:
        statuses = ", ".join(f"{count} {status}" for status, count in did["statuses"].items())
        say(
            f"{name}: {did['changed']} of {did['functions']} functions changed in {did['files']} files, "
            f"estimated cost of those {did['cost_before']} -> {did['cost_after']}; {statuses}; "
            f"{len(did['troubles'])} troubles, {did['left_to_clang']} files left to clang"
        )
    for line in [*comparison["different"].items(), *comparison["assertions_failed_only_with_the_packer"]]:
        say(f"  different: {line}")
    return comparison


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Build libraries with clang and vecgnn-cc; compare their tests."
    )
    parser.add_argument("libraries", nargs="*", metavar="LIBRARY", help="zlib, gsl (default: both)")
    parser.add_argument("--packer", default="greedy")
    parser.add_argument("--time-limit", metavar="SECONDS", help="for the packer, as vecgnn-cc has it")
    parser.add_argument("--gap", metavar="SHARE", help="for the packer, as vecgnn-cc has it")
    parser.add_argument("--solver", metavar="NAME", help="for the packer, as vecgnn-cc has it")
    parser.add_argument("--march", default="x86-64-v3")
    parser.add_argument("--level", default="-O3")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--fresh", action="store_true", help="build with the packer anew")
    parser.add_argument("--keep", action="store_true", help="keep the modules as they reach the packer")
    parser.add_argument("--collect-only", action="store_true", help="keep scalar modules, run no tests")
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
    if options.collect_only:
        options.packer, options.keep = "none", True
    environment = {"VECGNN_PACKER": options.packer}
    for name in ("time_limit", "gap", "solver"):
        if value := getattr(options, name):
            environment[f"VECGNN_{name.upper()}"] = value
    # The driver would refuse a wrong value too, but for configure that is a compiler that makes no program.
    asked = subprocess.run(
        [driver, "--version"], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if asked.returncode:
        parser.error(asked.stderr.strip())
    flags = f"{options.level} -march={options.march}"
    results: dict[str, Any] = {}
    for name in names:
        library = LIBRARIES[name]
        kind = f"{options.march}{options.level}"
        ours = Build(
            library, f"{options.packer}-{kind}", str(driver), flags, environment, options.jobs, options.keep
        )
        if options.fresh:
            shutil.rmtree(ours.home, ignore_errors=True)
        if options.collect_only:
            if not collect(ours):
                return 1
            continue
        base = Build(library, f"clang-{kind}", clang, flags, {}, options.jobs)
        try:
            first, second = run(base), run(ours)
        except StageFailed as failure:
            say(f"{name}: {failure}")
            return 1
        comparison = told(name, options.packer, first, second)
        results[name] = {"clang": first, "vecgnn": second, "comparison": comparison}
    if options.collect_only:
        return 0
    version = subprocess.run([clang, "--version"], capture_output=True, text=True, check=True).stdout
    record = {
        "host": host(),
        "clang": version.splitlines()[0],
        "flags": flags,
        "packer": options.packer,
        "environment": environment,
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
