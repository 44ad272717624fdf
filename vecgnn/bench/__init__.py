"""``vecgnn bench``: anyone's own program, built by every packer and timed against LLVM's SLP vectorizer.

``run.run`` builds the variants (``vecgnn.driver.variants``), times them by turns (``vecgnn.timing``) and
judges every run by the output of the first good one; ``report.report`` makes the table of it.
"""

from vecgnn.bench.records import Bench, Task

__all__ = ["Bench", "Task"]
