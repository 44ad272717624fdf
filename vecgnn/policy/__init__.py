"""The learned packer: a graph neural network over candidate packs, and its training.

What packs on a CPU needs numpy and scipy; training, and a network on a GPU, torch.  Importing this package,
``expert`` or ``packer`` imports none of them.
"""

import os
from pathlib import Path

# Before torch is loaded: its threads would wait for each other by spinning, and where another program wants
# the core (make -j) a function that takes milliseconds would take seconds.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

SHIPPED = Path(__file__).with_name("shipped.safetensors")
"""The weights that come with the package."""
