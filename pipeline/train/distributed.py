"""Train one run by several processes, as `torchrun` starts them: each process (a rank) has its share of every batch.

All ranks draw the same stream and hold the same weights. Three things travel between them at every step: projections,
because losses compare each anchor with the whole batch; batch-norm statistics; and gradients. The result is that of one
process except for the order of sums.
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
from pipeline.system.gather import gather_rows
from twin_alignment.losses.contrastive import ALL

BARRIER_TIMEOUT = timedelta(hours=6)  # rank 0 reads and checks all images meanwhile; a rank that exits is seen at once


@dataclass(frozen=True)
class Distributed:
    """This process among those that train a run. All ranks call the collective methods, in the same order."""

    rank: int = 0
    world_size: int = 1

    @property
    def is_rank0(self) -> bool:
        """True for the process that checks, logs and writes files."""
        return self.rank == 0

    def local_rows(self, batch_size: int) -> slice:
        """Return this process's share of a batch. Raises SettingsError if the shares are not equal."""
        if self.world_size == 1:
            return ALL
        if batch_size % self.world_size:
            raise SettingsError(
                f"batch_size = {batch_size}: {self.world_size} processes share it, expected one of their multiples"
            )
        share = batch_size // self.world_size
        return slice(self.rank * share, (self.rank + 1) * share)

    def all_gather(self, rows: Tensor) -> Tensor:
        """Concatenate the rows of all ranks in rank order; gradients are summed over ranks."""
        return rows if self.world_size == 1 else gather_rows(rows)

    def all_reduce_mean(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its mean over ranks, in one message."""
        if self.world_size == 1:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(flat)
        flat /= self.world_size
        for tensor, mean in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(mean.view_as(tensor))

    def all_reduce_max(self, number: int) -> int:
        """Return the maximum over ranks."""
        if self.world_size == 1:
            return number
        value = torch.tensor(number)
        with self.connected():
            dist.all_reduce(value, dist.ReduceOp.MAX)
        return int(value)

    def broadcast_object(self, value: Any) -> Any:
        """Return rank 0's value on all ranks."""
        if self.world_size == 1:
            return value
        values = [value]
        with self.connected():
            dist.broadcast_object_list(values, device=torch.device("cpu"))
        return values[0]

    def wait_for_rank0(self) -> bool:
        """Return True when rank 0 has validated the run, False if it exits early (stale or already finished)."""
        try:
            return bool(self.broadcast_object(self.is_rank0))
        except SettingsError:
            return False

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Turn an error of gloo or NCCL into a SettingsError that tells the user to resume."""
        try:
            yield
        except RuntimeError as error:
            if self.world_size == 1 or isinstance(error, torch.OutOfMemoryError):
                raise
            raise SettingsError(
                f"a step shared by {self.world_size} processes failed ({str(error).splitlines()[0]}). If another "
                "process exited, its log has the reason. Re-run the same command to resume from the last state"
            ) from error


SINGLE_PROCESS = Distributed()


@contextmanager
def torchrun_process() -> Iterator[Distributed]:
    """Join the process group if `torchrun` started this process (one GPU each, if there are any)."""
    if not dist.is_torchelastic_launched() or os.environ["WORLD_SIZE"] == "1":
        yield SINGLE_PROCESS
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group(timeout=BARRIER_TIMEOUT)  # gloo between CPUs, NCCL between GPUs
    try:
        yield Distributed(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
