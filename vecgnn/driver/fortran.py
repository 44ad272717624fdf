"""A compile step of flang in parts: its words sorted into those of the front end and of the code generator.

Flang takes no option that stops it before LLVM's passes, and would run them over IR that it is given.  So its
front end runs with LLVM told to skip every pass that may be skipped, and clang's code generator, which is the
same, makes the code.
"""

from __future__ import annotations

from collections.abc import Sequence

LANGUAGES = frozenset({"f95", "f95-cpp-input"})
"""What flang calls its source languages, fixed and free form alike."""

WITHOUT_PASSES = ("-mllvm", "-opt-bisect-limit=0", "-mllvm", "-opt-bisect-verbose=0")
"""For the front end: LLVM runs only what it must, which changes nothing in a module without coroutines."""

# Options that clang's code generator knows by the same name, and how many words follow.
_CODE = {
    "-triple": 1,
    "-emit-obj": 0,
    "-S": 0,
    "-emit-llvm": 0,
    "-emit-llvm-bc": 0,
    "-mrelocation-model": 1,
    "-pic-level": 1,
    "-pic-is-pie": 0,
    "-target-cpu": 1,
    "-tune-cpu": 1,
    "-target-feature": 1,
    "-target-abi": 1,
    "-fverbose-asm": 0,
    "-mllvm": 1,
    "-o": 1,
}
_CODE_PREFIXES = ("-O", "-mframe-pointer=", "-mcmodel=", "-mlarge-data-threshold=", "-fveclib=")

# Options whose work is done when the IR is there.
_FRONT = {
    "-I": 1,
    "-D": 1,
    "-U": 1,
    "-module-dir": 1,
    "-module-suffix": 1,
    "-fintrinsic-modules-path": 1,
    "-resource-dir": 1,
    "-mmlir": 1,
    "-x": 2,
    "-cpp": 0,
    "-nocpp": 0,
    "-P": 0,
    "-w": 0,
    "-pedantic": 0,
}
_FRONT_PREFIXES = (
    "-f", "-W", "-std=", "-debug-info-kind=", "-dwarf-version=", "-debugger-tuning=", "-complex-range=",
    "-mrecip", "-mreassociate", "-menable-no-", "-mprefer-vector-width=", "-mvscale-", "-vectorize-",
)  # fmt: skip

_LEVELS = frozenset({"-O2", "-O3"})


def obstacle(words: Sequence[str]) -> str:
    """Why a step of flang has to be left to it, beside what keeps clang's from being done in parts, or ""."""
    if not _LEVELS.issuperset(word for word in words if word.startswith("-O")):
        return "no -O level of flang's but -O2 and -O3 is known here"
    if any(word.startswith("-opt-bisect") for word in words):
        return "-opt-bisect is needed for the split"
    unknown = next((word for word, kind in _sorted(words) if kind is None), "")
    return f"{unknown} is not understood" if unknown else ""


def for_code_generator(words: Sequence[str], module: str, extra: Sequence[str]) -> list[str]:
    """The words of clang's code generator, with IR as its input, behind ``clang -cc1``."""
    kept: list[str] = []
    position = 0
    for word, kind in _sorted(words):
        length = 1 + _following(word)
        if kind == "code":
            kept += words[2 + position : 2 + position + length]
        position += length
    return ["-cc1", *extra, *kept, "-x", "ir", module]


def _following(word: str) -> int:
    return _CODE.get(word, _FRONT.get(word, 0))


def _sorted(words: Sequence[str]) -> list[tuple[str, str | None]]:
    """Each option behind ``flang -fc1`` with whose it is: "code", "front", or None where nobody knows."""
    found: list[tuple[str, str | None]] = []
    position = 2
    while position < len(words):
        word = words[position]
        if word in _CODE or word.startswith(_CODE_PREFIXES):
            found.append((word, "code"))
        elif word in _FRONT or word.startswith(_FRONT_PREFIXES):
            found.append((word, "front"))
        else:
            found.append((word, None))
        position += 1 + _following(word)
    return found
