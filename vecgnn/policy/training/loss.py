"""How wrong the network is about a batch of states."""

from __future__ import annotations

import torch
from torch.nn import functional

from vecgnn.policy.tensors import Batch

NAMES = ("loss", "weight", "right", "candidates", "hits", "said", "wanted")
"""The sums of ``Sums``; loss is the weighted one, the others count legal candidates."""


def weighted_loss(
    logits: torch.Tensor, targets: torch.Tensor, batch: Batch, weighting: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """The loss of a batch (a scalar), and its sums: float64 by ``NAMES``, to be added to those of others.

    Binary cross-entropy, the mean over each problem's legal candidates.  Were all candidates alike, a few
    functions with thousands of them would outweigh all others, which are what most programs are made of; were
    all problems alike, most of what is learned would come from those in which hardly a choice is left.  The
    root of a problem's candidates lies between the two.
    """
    legal = batch.legal.to(logits.dtype)
    each = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none") * legal
    zeros = torch.zeros(batch.graphs, dtype=logits.dtype, device=logits.device)
    sums = zeros.index_add(0, batch.graph_of, each)
    counts = zeros.index_add(0, batch.graph_of, legal)
    means = sums / counts.clamp(min=1)
    if weighting == "root":
        weights = counts.sqrt()
    elif weighting == "problem":
        weights = (counts > 0).to(logits.dtype)
    else:
        weights = counts
    total, weight = (means * weights).sum(), weights.sum()
    with torch.no_grad():
        said = (logits > 0) & batch.legal
        wanted = (targets > 0) & batch.legal
        figures = torch.stack(
            [
                total.double(),
                weight.double(),
                ((said == wanted) & batch.legal).sum().double(),
                batch.legal.sum().double(),
                (said & wanted).sum().double(),
                said.sum().double(),
                wanted.sum().double(),
            ]
        )
    return total / weight.clamp(min=1), figures


def summary(sums: torch.Tensor) -> dict[str, float]:
    """Mean loss, and of the choice "logit above 0" the accuracy and F1, from added sums."""
    values = dict(zip(NAMES, sums.tolist(), strict=True))
    return {
        "loss": values["loss"] / max(values["weight"], 1e-9),
        "accuracy": values["right"] / max(values["candidates"], 1.0),
        "f1": 2 * values["hits"] / max(values["said"] + values["wanted"], 1.0),
    }
