"""Learned superword-level-parallelism vectorization of LLVM IR."""

__version__ = "0.1.0"
