"""The learned packer: a graph neural network over candidate packs, and its training.

Importing this package, or ``expert``, ``encode`` and ``lessons``, does not import torch.
"""

from pathlib import Path

SHIPPED = Path(__file__).with_name("shipped.safetensors")
"""The weights that come with the package."""
