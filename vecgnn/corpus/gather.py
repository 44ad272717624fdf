"""Programs of our own into a corpus: generated ones, kernels, the NAS benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from vecgnn import llvm
from vecgnn.compare.measure import before_slp_of
from vecgnn.corpus.folder import Corpus
from vecgnn.errors import InputError, ToolError
from vecgnn.nas.sources import CLASSES, own_sources

KERNELS = Path(__file__).resolve().parents[2] / "datasets" / "kernels"


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to compile: a program's name, its origin and CPU, where it is from, and how to get its IR."""

    program: str
    origin: str
    march: str
    source: str
    ir: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was added, how much was there before, and for each source that failed a line why."""

    added: int
    known: int
    troubles: tuple[str, ...]


def gather(
    corpus: Corpus,
    sources: Sequence[Source],
    jobs: int,
    progress: Callable[[int, int], None] | None = None,
) -> Gathered:
    """Compile what the index lacks.  The threads only wait for clang and opt.

    Raises InputError where the folder cannot be written; after a KeyboardInterrupt what is done is kept.
    """
    known = {(entry.program, entry.march, entry.source) for entry in corpus.known()}
    todo = [source for source in sources if (source.program, source.march, source.source) not in known]
    troubles: list[str] = []
    if progress:
        progress(0, len(todo))
    pool = ThreadPoolExecutor(jobs)
    try:
        waiting = {pool.submit(source.ir): source for source in todo}
        for number, done in enumerate(as_completed(waiting), 1):
            source = waiting.pop(done)
            try:
                text = done.result()
            except (InputError, ToolError) as error:
                troubles.append(f"{source.program} for {source.march}: {source.source}: {error}")
            else:
                corpus.add(
                    text,
                    program=source.program,
                    origin=source.origin,
                    march=source.march,
                    source=source.source,
                )
            if progress:
                progress(number, len(todo))
    finally:
        pool.shutdown(cancel_futures=True)
    return Gathered(len(todo) - len(troubles), len(sources) - len(todo), tuple(troubles))


def generated(first: int, count: int) -> Iterator[Source]:
    """Programs of the generator, by seed."""
    from vecgnn.corpus.generate import march

    for seed in range(first, first + count):
        cpu = march(seed)
        yield Source(f"generated-{seed}", "generated", cpu, f"seed {seed}", _compiled_seed(seed, cpu))


def _compiled_seed(seed: int, cpu: str) -> Callable[[], str]:
    def compiled() -> str:
        from vecgnn.corpus.generate import program

        options = ["-O3", f"-march={cpu}", "-Xclang", "-disable-llvm-passes", "-S", "-emit-llvm", "-w"]
        return llvm.before_slp(llvm.run_tool("clang", [*options, "-x", "c", "-o", "-", "-"], program(seed)))

    return compiled


def kernels(files: Sequence[Path], marches: Sequence[str]) -> Iterator[Source]:
    """C and C++ files, a program each; all of our own where none are given.

    Raises InputError for a file that there is not, and where this is no checkout of the repository.
    """
    if not files:
        if not KERNELS.is_dir():
            raise InputError(f"{KERNELS}: our own kernels are not there: run from a checkout, or give files")
        files = sorted(KERNELS.glob("*.c"))
    for file in files:
        if not file.is_file():
            raise InputError(f"{file}: no such file")
        for cpu in marches:
            yield Source(f"kernels-{file.stem}", "kernels", cpu, file.name, _compiled(file, cpu))


def nas(names: Sequence[str] | None, letter: str, marches: Sequence[str]) -> Iterator[Source]:
    """Our NAS benchmarks, file by file, as ``vecgnn nas`` compiles them.  Raises InputError."""
    if letter not in CLASSES:
        raise InputError(f"--class={letter}: use one of {', '.join(CLASSES)}")
    for benchmark in own_sources(names):
        for folder in ("common", benchmark.folder):
            for file in sorted((benchmark.root / folder).glob("*.c")):
                for cpu in marches:
                    yield Source(
                        f"nas-{benchmark.name}",
                        "kernels",
                        cpu,
                        f"{folder}/{file.name} class {letter}",
                        _compiled(file, cpu, f"-DNPB_CLASS_{letter}"),
                    )


def _compiled(file: Path, cpu: str, *flags: str) -> Callable[[], str]:
    return lambda: before_slp_of(file, [f"-march={cpu}", *flags])
