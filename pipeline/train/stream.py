"""What the twins see: batches and augmented views, each drawn from its own key.

A part that is shared has one key for all twins; a part that is not has the objective's name in its key. Twins whose
keys agree are shown the very same tensors, made once. A view belongs to an epoch and an image, wherever in the epoch
that image comes, so that twins on batches of their own can still share augmentations.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from pipeline.augment import ViewDraws, apply_views, draw_views
from pipeline.config.base import SettingsError
from pipeline.config.objective_settings import Objective
from pipeline.config.run import Run
from pipeline.config.training_settings import Shared
from pipeline.config.view_settings import ViewRecipe
from pipeline.datasets.images import Images
from pipeline.datasets.prefetch import prefetch
from pipeline.system.device import to_device
from pipeline.train.batches import Integers, Order, draw_order
from pipeline.train.ranks import ALONE, Ranks
from twin_alignment.randomness import keyed_generator

VIEWS = (1, 2)

# indices of a step's images, parameters of their views, and the images once they are called for
Asked = tuple[Integers, tuple[ViewDraws, ...], Callable[[], tuple[Tensor, Tensor]]]


@dataclass(frozen=True)
class Step:
    """One step's batch: labels [B] of its images and labels of other images, and two views [b, C, h, w] of those that
    this process shows its networks: all, unless others have a share."""

    view1: Tensor
    view2: Tensor
    labels: Tensor
    shuffled: Tensor  # the same for an image in every step

    def to(self, device: torch.device) -> "Step":
        """The same where its twin is; nothing is copied where it is already."""
        return Step(*(getattr(self, field.name).to(device, non_blocking=True) for field in fields(self)))


def stream_key(run: Run, part: Shared, objective: Objective) -> str:
    """Objective's key where it draws the part for itself, the empty text where it is shared."""
    return (
        ""
        if part in run.shared and part not in objective.independent_randomness
        else objective.stream or objective.name
    )


def steps_per_epoch(run: Run, images: int) -> int:
    """Full batches only, as contrastive losses depend on the batch size."""
    if images < run.batch_size:
        raise SettingsError(
            f"batch_size = {run.batch_size}: {run.dataset} has {images} training images, allowed is at most that"
        )
    return images // run.batch_size


class Stream:
    """One epoch after another of steps for a set of twins, with a digest of all that each twin has seen."""

    def __init__(
        self, run: Run, images: Images, recipe: ViewRecipe, objectives: Sequence[Objective], ranks: Ranks = ALONE
    ) -> None:
        self.run, self.images, self.recipe = run, images, recipe
        self.rows = ranks.rows(run.batch_size)
        self.keys = {
            one.name: (stream_key(run, "batches", one), stream_key(run, "augmentations", one)) for one in objectives
        }
        order = keyed_generator(run.seed, "shuffled labels").permutation(len(images))
        self.shuffled = images.labels[to_device(order, images.device)]
        self.labels = images.labels.cpu().numpy()
        self.steps = steps_per_epoch(run, len(images))
        self.digests = dict.fromkeys(self.keys.values(), "")  # a chain: each epoch's digest starts with the last one

    def digest(self, objective: str) -> str:
        """SHA-256 over the image indices and view parameters this twin was shown so far."""
        return self.digests[self.keys[objective]]

    def epoch(self, epoch: int, done: int = 0) -> Iterator[dict[str, Step]]:
        """For every step of the epoch (counted from 1), after the first `done`, the batch of each twin."""
        chains = {key: hashlib.sha256(previous.encode()) for key, previous in self.digests.items()}
        orders = {batch_key: self._order(epoch, batch_key) for batch_key, _ in self.digests}
        shows = max(order.shows for order in orders.values())
        draws = {view_key: self._draw(epoch, view_key, shows) for _, view_key in self.digests}

        def asked() -> Iterator[dict[tuple[str, str], Asked]]:
            for step in range(self.steps):
                drawn = {key: self._drawn(orders[key[0]], step, draws[key[1]], chains[key]) for key in chains}
                if step >= done:
                    yield {key: (*one, self.images.prefetch_batch(one[0][self.rows])) for key, one in drawn.items()}

        for step, batches in enumerate(prefetch(asked()), start=done):
            if step == self.steps - 1:
                self.digests = {key: chain.hexdigest() for key, chain in chains.items()}
            made = {key: self._make(*one) for key, one in batches.items()}
            yield {name: made[key] for name, key in self.keys.items()}

    def _order(self, epoch: int, batch_key: str) -> Order:
        generator = keyed_generator(self.run.seed, "batches", epoch, batch_key)
        return draw_order(self.run.batches, generator, self.labels, self.steps, self.run.batch_size)

    def _draw(self, epoch: int, view_key: str, shows: int) -> tuple[ViewDraws, ...]:
        """Parameters of both views of all N images, one table after another for each time that an image is shown.

        Held for one epoch: 106 bytes a row and view, 11 MB for CIFAR's 50,000 images and 270 MB for ImageNet's 1.3
        million, and so often that as an image is shown where batches are class-weighted: up to ten times with balanced
        classes. A longer table begins with the rows of a shorter one.
        """
        rows = shows * len(self.images)
        generators = (keyed_generator(self.run.seed, "views", epoch, view, view_key) for view in VIEWS)
        return tuple(draw_views(self.recipe, generator, rows, *self.images.size) for generator in generators)

    def _drawn(
        self, order: Order, step: int, draws: tuple[ViewDraws, ...], chain: "hashlib._Hash"
    ) -> tuple[Integers, tuple[ViewDraws, ...]]:
        """Indices of a step's images and the parameters of their views, both added to the chain."""
        indices = order.images[step]
        chosen = tuple(drawn.take(order.earlier[step] * len(self.images) + indices) for drawn in draws)
        chain.update(indices.astype("<i8").tobytes())
        for one in chosen:
            chain.update(one.digest_bytes())
        return indices, chosen

    def _make(
        self, indices: Integers, draws: tuple[ViewDraws, ...], asked: Callable[[], tuple[Tensor, Tensor]]
    ) -> Step:
        images, _ = asked()
        view1, view2 = (
            apply_views(images, drawn.take(self.rows), self.recipe, self.images.mean, self.images.std).contiguous(
                memory_format=torch.channels_last
            )
            for drawn in draws
        )
        positions = to_device(indices, self.images.device)
        return Step(view1, view2, self.images.labels[positions], self.shuffled[positions])
