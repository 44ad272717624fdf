"""The learned packer: a graph neural network over candidate packs, and its training.

Importing this package, or ``expert``, ``encode`` and ``lessons``, does not import torch.
"""
