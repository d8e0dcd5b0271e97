"""One evaluation shared by several processes, as `torchrun` starts them."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator

import torch.distributed as dist

from errors import InputError


@dataclasses.dataclass(frozen=True)
class World:
    """This process's number, from 0, and how many processes there are."""

    rank: int = 0
    size: int = 1

    def shard(self, count: int) -> range:
        """This process's share of `count` samples: whole, contiguous, nobody's twice."""
        return range(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def gather(self, part: object) -> list | None:
        """Every process's part, in order of rank, at rank 0; None elsewhere.

        part: what this process found, or the InputError that stopped it. If any process was
        stopped, all of them raise the first such error.
        """
        if self.size == 1:
            parts = [part]
        else:
            # Everything gathered lies in host memory and is small, so gloo serves GPUs as well.
            parts = [None] * self.size
            dist.all_gather_object(parts, part)
        for found in parts:
            if isinstance(found, InputError):
                raise found
        return parts if self.rank == 0 else None


@contextlib.contextmanager
def joined() -> Iterator[World]:
    """The processes that `torchrun` started, or this one alone."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield World()
        return
    dist.init_process_group("gloo")
    try:
        yield World(dist.get_rank(), size)
    finally:
        dist.destroy_process_group()
