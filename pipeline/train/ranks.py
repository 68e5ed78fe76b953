"""One run trained by several processes, as `torchrun` starts them: each, a rank, has its share of every batch.

All ranks draw the same stream and hold the same weights. What travels between them at every step: projections, as
losses compare each anchor with the whole batch; batch-norm statistics; and gradients. The result is that of one process
but for the order of sums.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from pipeline.config.base import SettingsError
from twin_alignment.losses.contrastive import ALL

PATIENCE = timedelta(hours=6)  # while the first rank reads all images to check them; a rank that ended is seen at once


@dataclass(frozen=True)
class Ranks:
    """This process among those that train a run. Methods that communicate are to be called by all ranks, in the same
    order, and raise SettingsError where another rank has ended."""

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether it is the one that checks, says and writes."""
        return self.rank == 0

    @property
    def card(self) -> torch.device:
        """The accelerator of this process."""
        return torch.device("cuda", torch.cuda.current_device())

    def rows(self, size: int) -> slice:
        """Its share of a batch; raises SettingsError where a batch has no equal shares."""
        if self.count == 1:
            return ALL
        if size % self.count:
            raise SettingsError(f"batch_size = {size}: {self.count} processes share it, allowed are its multiples")
        share = size // self.count
        return slice(self.rank * share, (self.rank + 1) * share)

    def gathered(self, rows: Tensor) -> Tensor:
        """The rows of all ranks, one after another; their gradients are summed over ranks."""
        if self.count == 1:
            return rows
        found: Tensor = _Gather.apply(rows, self)  # type: ignore[no-untyped-call]
        return found

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Put the mean over ranks into each, by one message."""
        if self.count == 1:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        with _together():
            dist.all_reduce(flat)
        flat /= self.count
        for tensor, found in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(found.view_as(tensor))

    def largest(self, number: int) -> int:
        """Over all ranks: what one of them wants, all do."""
        if self.count == 1:
            return number
        found = torch.tensor(number)
        with _together():
            dist.all_reduce(found, dist.ReduceOp.MAX)
        return int(found)

    def shared(self, value: Any) -> Any:
        """The first rank's value, given to all."""
        if self.count == 1:
            return value
        values = [value]
        with _together():
            dist.broadcast_object_list(values, device=torch.device("cpu"))
        return values[0]

    def begin(self) -> bool:
        """Whether there is something to train: the first rank says so when it has checked all, and ends without a word
        to the others where it is refused or finished already."""
        try:
            return bool(self.shared(self.first))
        except SettingsError:
            return False


ALONE = Ranks()


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, ranks: Ranks) -> Tensor:
        ctx.own = slice(ranks.rank * len(rows), (ranks.rank + 1) * len(rows))
        rows = rows.contiguous()
        parts = [torch.empty_like(rows) for _ in range(ranks.count)]
        with _together():
            dist.all_gather(parts, rows)
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        total = gradients[0].clone(memory_format=torch.contiguous_format)
        with _together():
            dist.all_reduce(total)
        return total[ctx.own], None


@contextmanager
def _together() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # gloo's and NCCL's
        raise SettingsError(
            f"another process of this run has ended; what it said is the reason. The same command goes on from the "
            f"last state ({str(error).splitlines()[0]})"
        ) from None


@contextmanager
def processes() -> Iterator[Ranks]:
    """This process among those that `torchrun` started, with an accelerator of its own where there are any; one that
    was started otherwise is alone."""
    if not dist.is_torchelastic_launched() or os.environ["WORLD_SIZE"] == "1":
        yield ALONE
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group(timeout=PATIENCE)  # gloo between CPUs, NCCL between cards
    try:
        yield Ranks(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
