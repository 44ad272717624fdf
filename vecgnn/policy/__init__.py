"""The learned packer: a graph neural network over candidate packs, and its training.

Importing this package, or ``expert``, ``encode`` and ``lessons``, does not import torch.
"""

import os
from pathlib import Path

# Before torch is loaded: its threads would wait for each other by spinning, and where another program wants
# the core (make -j) a function that takes milliseconds would take seconds.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

SHIPPED = Path(__file__).with_name("shipped.safetensors")
"""The weights that come with the package."""
