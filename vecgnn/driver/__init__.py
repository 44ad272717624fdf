"""``vecgnn-cc``, ``vecgnn-c++`` and ``vecgnn-flang``: clang and flang 22 with our packer in the place of
LLVM's SLP vectorizer.

Clang plans the work itself (``clang -###``).  A compile step in whose pipeline LLVM's SLP vectorizer would
run is done in parts: clang's front end, opt up to that pass, the packer, opt from there on, clang's code
generator.  Every other step runs as clang planned it, and a command line without such a step is handed to
clang whole.  Whatever goes wrong between front end and code generator, the build goes on as clang alone would
do it.
"""

from vecgnn.driver.main import main_cc, main_cxx, main_flang

__all__ = ["main_cc", "main_cxx", "main_flang"]
