"""The ratios as a picture."""

from __future__ import annotations

from vecgnn.driver.variants import BASE
from vecgnn.nas.records import Results
from vecgnn.timing import mean_ratio, ratio_plot, summarize


def picture(results: Results) -> str:
    """Each benchmark's ratios and their geometric mean as SVG text, "" where nothing was timed.

    Raises InputError where matplotlib is not installed.
    """
    if not results.options["timed"]:
        return ""
    clock = results.options["clock"]
    timed = [each.timed for each in results.benchmarks if each.timed]
    rows = {
        each.program: {
            found.variant: found.ratio
            for found in summarize(each, BASE, clock)
            if found.ratio and found.variant != BASE
        }
        for each in timed
    }
    means = ((variant, mean_ratio(timed, variant, BASE, clock)) for variant in results.variants)
    rows["mean"] = {variant: mean.ratio for variant, mean in means if mean.ratio and variant != BASE}
    options = results.options
    title = f"NAS Parallel Benchmarks, class {options['class']}, {' '.join(options['flags'])}"
    return ratio_plot(rows, BASE, title)
