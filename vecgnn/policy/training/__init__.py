"""Training of the policy: cloning of the integer program, DAgger, and improvement by the price itself.

``config`` imports no torch, so that a wrong setting is told at once; ``run`` does the work.
"""
