"""The packer between the two halves of a compile step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vecgnn.driver.count import COUNT, add_counters
from vecgnn.driver.options import Options
from vecgnn.driver.report import first_line
from vecgnn.errors import VecgnnError


def _vectorization(result: Any) -> dict[str, Any]:
    """A result of the vectorizer as plain data; costs are those of the functions it changed."""
    changed = result.changed
    summary = result.summary()
    return {
        "functions": summary["functions"],
        "changed": summary["changed"],
        "instructions": summary["instructions"],
        "packs": summary["packs"],
        "cost_before": sum(report.cost_before for report in changed),
        "cost_after": sum(report.cost_after for report in changed),
        "by_function": [
            {
                "name": report.name,
                "target": report.target,
                "instructions": report.instructions,
                "changed": report.changed,
                "cost_before": report.cost_before,
                "cost_after": report.cost_after,
                "objective": report.cost_after - report.cost_before,
                "bound": report.bound,
                "status": report.status,
            }
            for report in result.functions
            if report.status  # the packer has seen it
        ],
        "vectorizer_seconds": summary["seconds"],
    }


def pack(module: Path, packed: Path, source: str, options: Options) -> tuple[Path, dict[str, Any], str]:
    """The module after the packer, what that did, and what went wrong (the module is the scalar one then)."""
    if options.packer in ("none", "llvm"):
        return module, {}, ""
    try:
        if options.packer == COUNT:
            add_counters(module, packed)
            return packed, {}, ""
        from vecgnn.store import vectorize_stored

        result = vectorize_stored(
            Path(options.store) if options.store else None,
            module.read_bytes(),
            name=source,
            packer=options.packer,
            mcpu=options.mcpu,
            effort=options.effort,
        )
        if result.interrupted:
            raise KeyboardInterrupt  # who stops a build wants no object of what was packed by then
        did = _vectorization(result)
        bugs = [f"{report.name}: {report.reason}" for report in result.functions if report.bug]
        trouble = f"{'; '.join(bugs)}; kept the scalar code of those" if bugs else ""
        if not did["changed"]:
            return module, did, trouble
        packed.write_text(result.text, encoding="utf-8", errors="surrogateescape")
    except Exception as error:
        # A build is worth more than its vector code; what is wrong is said, and a test can see it.
        reason = str(error) if isinstance(error, VecgnnError) else f"{type(error).__name__}: {error}"
        return module, {}, f"{first_line(reason)}; kept the scalar code"
    return packed, did, trouble
