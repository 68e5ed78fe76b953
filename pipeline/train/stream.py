"""Batches and augmented views for the twins, each drawn from its own key.

A shared part has one key for all twins; a part that is not shared has the objective's name in its key. Twins with equal
keys get the very same tensors, made once. A view belongs to an epoch and an image, wherever in the epoch that image
comes, so that twins with independent batches can still share augmentations.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor

from pipeline.augment import Draws, view_maker
from pipeline.config.base import SettingsError
from pipeline.config.objective_settings import Objective
from pipeline.config.run import Run
from pipeline.config.training_settings import Shared
from pipeline.config.view_settings import Views
from pipeline.datasets.images import Images
from pipeline.models.memory_layout import channels_last
from pipeline.system.device import to_device
from pipeline.train.batches import Integers, Order, check_batches, draw_order
from pipeline.train.distributed import SINGLE_PROCESS, Distributed
from pipeline.train.grouped_labels import group_labels
from twin_alignment.prefetch import prefetch
from twin_alignment.randomness import keyed_generator

VIEWS = (1, 2)


@dataclass(frozen=True)
class Step:
    """One step's batch.

    Attributes:
        view1: first views [b, C, h, w] or rows [b, ...], of the images that this process shows its networks: all
            b = B, unless other processes have a share.
        view2: second views, of the same shape.
        labels: labels [B] of all images.
        shuffled: labels [B] of other images; the same for an image in every step.
        groups: labels [B] of each objective that reads groups.
    """

    view1: Tensor
    view2: Tensor
    labels: Tensor
    shuffled: Tensor
    groups: Mapping[str, Tensor] = field(default_factory=dict)

    def to(self, device: torch.device) -> "Step":
        """Return the batch on a device; tensors that are there already are not copied."""

        def on_device(tensor: Tensor) -> Tensor:
            return tensor.to(device, non_blocking=True)

        groups = {name: on_device(labels) for name, labels in self.groups.items()}
        return Step(
            on_device(self.view1), on_device(self.view2), on_device(self.labels), on_device(self.shuffled), groups
        )

    def labels_for(self, objective: Objective) -> Tensor:
        """Return the labels [B] that an objective sees: its groups, shuffled labels, or the classes."""
        if objective.groups is not None:
            return self.groups[objective.name]
        return self.shuffled if objective.labels == "shuffled" else self.labels


PendingBatch = Callable[[], Step]  # waits for the images, and makes the views


def stream_key(run: Run, part: Shared, objective: Objective) -> str:
    """Return the objective's key if it draws the part for itself, the empty text if the part is shared."""
    if part in run.shared and part not in objective.independent_randomness:
        return ""
    return objective.stream or objective.name


def steps_per_epoch(run: Run, images: int) -> int:
    """Number of full batches; contrastive losses depend on the batch size, so that a smaller last batch is dropped."""
    if images < run.batch_size:
        raise SettingsError(
            f"batch_size = {run.batch_size}: expected at most {images}, the training images of {run.dataset}"
        )
    return images // run.batch_size


class Stream:
    """Batches of a set of twins, epoch by epoch, with a digest of everything that each twin was shown.

    Attributes:
        steps: number of steps in an epoch.
        digests: SHA-256 by (batch key, view key) after the last finished epoch; a chain, as each epoch's digest starts
            from the previous one.
    """

    def __init__(
        self,
        run: Run,
        images: Images,
        views: Views,
        objectives: Sequence[Objective],
        group: Distributed = SINGLE_PROCESS,
    ) -> None:
        self.run, self.images, self.views = run, images, view_maker(views)
        self.rows = group.local_rows(run.batch_size)
        self.keys = {
            objective.name: (stream_key(run, "batches", objective), stream_key(run, "augmentations", objective))
            for objective in objectives
        }
        order = keyed_generator(run.seed, "shuffled labels").permutation(len(images))
        self.shuffled = images.labels[to_device(order, images.device)]
        self.groups = {o.name: group_labels(o.groups, run.seed, images) for o in objectives if o.groups is not None}
        self.labels = images.labels.cpu().numpy()
        check_batches(run.batches, self.labels, run.batch_size)
        self.steps = steps_per_epoch(run, len(images))
        self.digests = dict.fromkeys(self.keys.values(), "")

    def digest(self, objective: str) -> str:
        """SHA-256 over the image indices and view parameters that this twin was shown so far."""
        return self.digests[self.keys[objective]]

    def epoch(self, epoch: int, done: int = 0, pool: Executor | None = None) -> Iterator[dict[str, Step]]:
        """Yield the batch of each twin, for every step of an epoch.

        Args:
            epoch: number of the epoch, from 1.
            done: steps to leave out, as they were trained before.
            pool: makes the next batches while one is used; None: each is made when its turn comes.
        """
        chains = {key: hashlib.sha256(previous.encode()) for key, previous in self.digests.items()}
        orders = {batch_key: self._draw_order(epoch, batch_key) for batch_key, _ in self.digests}
        repeats = max(order.max_repeats for order in orders.values())
        draws = {view_key: self._draw_views(epoch, view_key, repeats) for _, view_key in self.digests}

        def pending() -> Iterator[dict[tuple[str, str], PendingBatch]]:
            for step in range(self.steps):
                drawn = {key: self._select(orders[key[0]], step, draws[key[1]], chains[key]) for key in chains}
                if step >= done:
                    yield {key: self._prepare(*batch, pool) for key, batch in drawn.items()}

        for step, batches in enumerate(prefetch(pending()), start=done):
            if step == self.steps - 1:
                self.digests = {key: chain.hexdigest() for key, chain in chains.items()}
            ready = {key: batch() for key, batch in batches.items()}
            yield {name: ready[key] for name, key in self.keys.items()}

    def _draw_order(self, epoch: int, batch_key: str) -> Order:
        """Draw the image indices of an epoch's batches."""
        generator = keyed_generator(self.run.seed, "batches", epoch, batch_key)
        return draw_order(self.run.batches, generator, self.labels, self.steps, self.run.batch_size)

    def _draw_views(self, epoch: int, view_key: str, repeats: int) -> tuple[Draws, ...]:
        """Draw both views of all N images, one table after another for each repetition of an image in the epoch.

        Held for one epoch: 106 bytes a row and view, 11 MB for CIFAR's 50,000 images and 270 MB for ImageNet's 1.3
        million. With class-weighted batches of balanced classes there are up to ten such tables. A longer table starts
        with the rows of a shorter one.
        """
        rows = repeats * len(self.images)
        generators = (keyed_generator(self.run.seed, "views", epoch, view, view_key) for view in VIEWS)
        return tuple(self.views.draw(generator, rows, self.images) for generator in generators)

    def _select(
        self, order: Order, step: int, draws: tuple[Draws, ...], chain: "hashlib._Hash"
    ) -> tuple[Integers, tuple[Draws, ...]]:
        """Select the indices of a step's images and the parameters of their views, and add both to the chain."""
        indices = order.images[step]
        rows = order.times_seen_before[step] * len(self.images) + indices
        views = tuple(table.take(rows) for table in draws)
        chain.update(indices.astype("<i8").tobytes())
        for view in views:
            chain.update(view.digest_bytes())
        return indices, views

    def _prepare(self, indices: Integers, views: tuple[Draws, ...], pool: Executor | None) -> PendingBatch:
        """Start to read the images, and with a pool to make the views."""
        make = partial(self._make, indices, views, self.images.prefetch_batch(indices[self.rows]))
        return make if pool is None else pool.submit(make).result

    def _make(self, indices: Integers, views: tuple[Draws, ...], read: Callable[[], tuple[Tensor, Tensor]]) -> Step:
        """Make the views of this process's images."""
        images, _ = read()
        view1, view2 = (channels_last(self.views.make(images, draws.take(self.rows), self.images)) for draws in views)
        positions = to_device(indices, self.images.device)
        groups = {name: labels[positions] for name, labels in self.groups.items()}
        return Step(view1, view2, self.images.labels[positions], self.shuffled[positions], groups)
