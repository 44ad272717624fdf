"""How often each basic block runs: counters put into a module before the SLP vectorizer, and read back.

    text = instrument(ir, key)            # the module with its counters; key: 64 hexadecimal digits
    counts = count_program(name, {key: ir}, arguments, libraries)      # or build with vecgnn-cc, and then
    counts = read_counts(path, ...)       # what one or more runs wrote
    counts_of(ir, counts.of(key))         # {"@f": (times of each block, in the function's order)}

``vecgnn-cc --vecgnn-packer=count`` builds whole programs so; the key is the SHA-256 of the module as
``--vecgnn-keep`` keeps it.  A program writes the file that ``$VECGNN_COUNTS`` names, or ``vecgnn.counts``,
when it ends: one file for one process (``%p`` stands for its id), replaced where it stands.  SLP vectorizers
do not change the control flow, so the counts hold for every packing of that module, directly after packing.
Counters are not atomic: threads that run the same block at the same time lose counts.
"""

from vecgnn.counts.blocks import BlockText, FunctionText, functions_of
from vecgnn.counts.files import Counts, read_counts
from vecgnn.counts.instrument import counted, counts_of, instrument
from vecgnn.counts.program import build_program, compile_runtime, count_program

__all__ = [
    "BlockText",
    "Counts",
    "FunctionText",
    "build_program",
    "compile_runtime",
    "count_program",
    "counted",
    "counts_of",
    "functions_of",
    "instrument",
    "read_counts",
]
