"""The execution check: scalar and vectorized functions run side by side."""

from vecgnn.codegen.verify.checker import REFUSED, Checker, Verdict, Verification, verify

__all__ = ["REFUSED", "Checker", "Verdict", "Verification", "verify"]
