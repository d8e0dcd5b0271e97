"""One evaluation shared by several processes, as `torchrun` starts them."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from typing import Any, TypeVar

import torch.distributed as dist

Part = TypeVar("Part")


@dataclasses.dataclass(frozen=True)
class World:
    """This process's number, from 0, and how many processes there are."""

    rank: int = 0
    size: int = 1

    def share(self, count: int, batch_size: int) -> slice:
        """This process's contiguous share of `count` samples; every sample is in exactly one.

        Shares are made of whole batches, so that every image is predicted in the same batch,
        and with the same rounding, as in one process.
        """
        batches = -(-count // batch_size)
        first, end = (batches * rank // self.size for rank in (self.rank, self.rank + 1))
        return slice(min(first * batch_size, count), min(end * batch_size, count))

    def gather(self, work: Callable[[], Part]) -> list[Part]:
        """Run `work` in every process; the results of all, by rank, at rank 0, its own elsewhere.

        If an exception stops any process, all of them raise the first one, so that every process
        can clear up.
        """
        part: Part | Exception
        try:
            part = work()
        except Exception as error:
            part = error
        if self.size == 1:
            parts: list[Any] = [part]
        else:
            # Everything gathered lies in host memory and is small, so gloo serves GPUs as well.
            parts = [None] * self.size
            dist.all_gather_object(parts, part)
            parts[self.rank] = part  # the exception itself, with the traceback that does not travel
        for found in parts:
            if isinstance(found, Exception):
                raise found
        return parts if self.rank == 0 else [parts[self.rank]]


def join() -> World:
    """Join the processes that `torchrun` started, or be alone.

    The group is left to the end of the process: before PyTorch 2.8, destroying it now and then
    waits for ever (pytorch/pytorch#154976).
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return World()
    dist.init_process_group("gloo")
    return World(dist.get_rank(), size)
