"""The twin loop: every objective trains its own network on one stream of batches and views."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import astuple

import torch

from pipeline.config.objective_settings import Objective
from pipeline.config.run import Run
from pipeline.config.view_settings import Views
from pipeline.datasets.images import Images
from pipeline.system.device import training_devices
from pipeline.train.distributed import SINGLE_PROCESS, Distributed
from pipeline.train.rehearsal import rehearse
from pipeline.train.schedule import rate_of
from pipeline.train.state import State
from pipeline.train.stream import Step, Stream
from pipeline.train.twin import StepRow, Twin, make_twin, train_step
from pipeline.train.view_rehearsal import rehearse_views


class TwinTrainer:
    """Twins of a run, their stream, and the rows of all steps so far.

    Attributes:
        rows: of the finished epochs.
        finished: number of finished epochs.
        step: steps trained of the next epoch.
    """

    def __init__(
        self,
        run: Run,
        objectives: Sequence[Objective],
        images: Images,
        views: Views,
        group: Distributed = SINGLE_PROCESS,
    ) -> None:
        self.run, self.group = run, group
        rehearse_views(views, images, run.seed)
        self.stream = Stream(run, images, views, objectives, group)
        size = views.size or images.size
        for objective in objectives:
            rehearse(run, objective, images.channels, size, images.classes)
        self.twins = [
            make_twin(run, objective, images, size, group, device)
            for objective, device in zip(objectives, itertools.cycle(training_devices(images.device)), strict=False)
        ]
        self.rows: list[StepRow] = []
        self.finished = 0
        self.step = 0

    def rate(self, epoch: int, step: int) -> float:
        """Learning rate of a step; both count from 1."""
        return rate_of(self.run, epoch, step, self.stream.steps)

    def steps(self, workers: int = 1) -> Iterator[tuple[int, int]]:
        """Train from here to the end, and yield (epoch, step) after every step.

        With several workers the twins of a step train side by side while the next batches are made, each on one core.
        The numbers do not depend on it, to the bit.
        """
        with _thread_pool(workers) as pool:
            for epoch in range(self.finished + 1, self.run.epochs + 1):
                for batches in self.stream.epoch(epoch, self.step, pool):
                    self._train(batches, self.rate(epoch, self.step + 1), pool)
                    self.step += 1
                    step = self.step
                    if step == self.stream.steps:
                        self._finish_epoch()
                    yield epoch, step

    def _train(self, batches: Mapping[str, Step], rate: float, pool: Executor | None) -> None:
        """Make one step of every twin."""

        def train(twin: Twin) -> None:
            train_step(twin, batches[twin.objective.name].to(twin.device), rate, self.run, self.group)

        for _ in pool.map(train, self.twins) if pool else map(train, self.twins):
            pass

    def _finish_epoch(self) -> None:
        """Move the epoch's losses from the device to the rows."""
        self.rows = self.all_rows()
        for twin in self.twins:
            twin.step_losses.clear()
            twin.step_masses.clear()
        self.finished, self.step = self.finished + 1, 0

    def all_rows(self) -> list[StepRow]:
        """Rows of all steps so far; waits for the device. Raises DivergenceError if a loss is not finite."""
        epoch = self.finished + 1
        rates = [self.rate(epoch, step) for step in range(1, self.step + 1)]
        columns = [twin.rows(epoch, self.stream.steps, rates) for twin in self.twins]
        return [*self.rows, *itertools.chain.from_iterable(zip(*columns, strict=True))]

    def state(self) -> State:
        """Everything that training depends on from here on."""
        return {
            "epoch": self.finished,
            "step": self.step,
            "networks": {twin.objective.name: twin.network.state_dict() for twin in self.twins},
            "optimisers": {twin.objective.name: twin.optimiser.state_dict() for twin in self.twins},
            "digests": self.stream.digests,
            "rows": [astuple(row) for row in self.all_rows()],
        }

    def restore(self, state: State) -> None:
        """Return to a state's epoch and step."""
        self.stream.digests = state["digests"]
        self.finished, self.step = int(state["epoch"]), int(state["step"])
        rows = [StepRow(*row) for row in state["rows"]]
        self.rows = [row for row in rows if row.epoch <= self.finished]
        for twin in self.twins:
            name = twin.objective.name
            twin.network.load_state_dict(state["networks"][name])
            twin.optimiser.load_state_dict(state["optimisers"][name])
            for row in rows[len(self.rows) :]:
                if row.objective == name:
                    twin.add_row(row)

    @property
    def is_finite(self) -> bool:
        """True if all weights are finite; otherwise the next loss is not finite either."""
        return all(bool(p.isfinite().all()) for twin in self.twins for p in twin.network.parameters())


def _thread_pool(workers: int) -> AbstractContextManager[Executor | None]:
    """Pool of single-core workers; None for one worker."""
    if workers == 1:
        return nullcontext()
    return ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))
