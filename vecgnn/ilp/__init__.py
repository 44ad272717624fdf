"""The integer program: packings of least price, with proved bounds (after goSLP, CGO 2018)."""

from vecgnn.ilp.search import Part, pack_optimally, search

__all__ = ["Part", "pack_optimally", "search"]
