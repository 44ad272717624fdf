"""Several processes that train one network, as torchrun starts them; alone, all of this does nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import distributed

from vecgnn.errors import InputError

_PATIENCE = timedelta(days=2)
"""How long processes wait for the first one, which asks the expert and decodes alone."""


@dataclass(frozen=True, slots=True)
class Group:
    """This process's place among those that train together."""

    rank: int = 0
    size: int = 1
    local: int = 0  # among those of this machine

    @property
    def first(self) -> bool:
        """Whether this is the process that writes, validates and asks."""
        return self.rank == 0

    def shared(self, value: Any) -> Any:
        """The first process's value; the others give anything."""
        if self.size == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box, src=0)
        return box[0]

    def most(self, number: int) -> int:
        """The largest of all processes' numbers."""
        if self.size == 1:
            return number
        numbers: list[Any] = [None] * self.size
        distributed.all_gather_object(numbers, number)
        return max(numbers)

    def total(self, sums: torch.Tensor) -> torch.Tensor:
        """The sum of all processes' tensors."""
        if self.size > 1:
            sums = sums.clone()
            distributed.all_reduce(sums)
        return sums

    def average_gradients(self, parameters: Iterable[torch.nn.Parameter], stop: bool) -> bool:
        """Make the gradients of all processes their mean; whether any process was asked to stop.

        The request travels with the gradients, so that all processes stop behind the same step.
        """
        if self.size == 1:
            return stop
        given = [parameter for parameter in parameters if parameter.requires_grad]
        parts = [
            torch.zeros_like(parameter) if parameter.grad is None else parameter.grad for parameter in given
        ]
        flag = torch.full((1,), float(stop), device=parts[0].device)
        flat = torch.cat([*(part.reshape(-1) for part in parts), flag])
        distributed.all_reduce(flat)
        start = 0
        for parameter in given:
            count = parameter.numel()
            parameter.grad = (flat[start : start + count] / self.size).view_as(parameter)
            start += count
        return bool(flat[-1] > 0)

    def leave(self) -> None:
        if self.size > 1:
            distributed.destroy_process_group()


def join(device: str) -> tuple[Group, torch.device]:
    """This process's group, by torchrun's environment, and its device.

    Raises InputError where CUDA is asked for and not there.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("device is cuda, but torch finds no CUDA device; use cpu, or auto")
    local = int(os.environ.get("LOCAL_RANK", "0"))
    cuda = device != "cpu" and torch.cuda.is_available()
    place = torch.device("cuda", local % torch.cuda.device_count()) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(place)
    if "RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
        return Group(), place
    group = Group(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]), local)
    if group.size > 1:
        distributed.init_process_group("nccl" if cuda else "gloo", timeout=_PATIENCE)
    return group, place
