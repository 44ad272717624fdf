"""``vecgnn nas``: the NAS Parallel Benchmarks built by every packer, verified, timed and costed.

    sources = own_sources(None)                          # or official_sources(Path("NPB3.4-SER"), None)
    results = run(sources, Settings("S", ("llvm", "greedy"), ...))
    print(report(results))

Builds go through ``vecgnn-cc`` and its like, as a user's would; every run is judged by the program's own
verification; times come from ``vecgnn.timing``, costs from ``vecgnn.compare``.
"""

from vecgnn.nas.build import Settings
from vecgnn.nas.records import Results, read_results
from vecgnn.nas.report import report
from vecgnn.nas.run import Step, run
from vecgnn.nas.sources import CLASSES, NAMES, official_sources, own_sources

__all__ = [
    "CLASSES",
    "NAMES",
    "Results",
    "Settings",
    "Step",
    "official_sources",
    "own_sources",
    "read_results",
    "report",
    "run",
]
