"""The integer program: packings of least price, with proved bounds (after goSLP, Mendis and Amarasinghe 2018)."""

from vecgnn.ilp.search import pack_optimally

__all__ = ["pack_optimally"]
