"""What the twins see: batches and augmented views, each drawn from its own key.

A part that is shared has one key for all twins; a part that is not has the objective's name in its key. Twins whose
keys agree are shown the very same tensors, made once.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pipeline.data.images import Images
from pipeline.device import to_device
from pipeline.randomness import keyed_generator
from pipeline.settings.base import SettingsError
from pipeline.settings.objective import Objective
from pipeline.settings.run import Run
from pipeline.settings.training import Shared
from pipeline.settings.views import ViewRecipe
from pipeline.views import apply_views, draw_views


@dataclass(frozen=True)
class Step:
    """One step's batch: two views [B, C, h, w] of the same images, their labels [B], and labels of other images."""

    view1: Tensor
    view2: Tensor
    labels: Tensor
    shuffled: Tensor  # the same for an image in every step


def stream_key(run: Run, part: Shared, objective: Objective) -> str:
    """Objective's name where it draws the part for itself, the empty text where it is shared."""
    return "" if part in run.shared and part not in objective.own else objective.name


def steps_per_epoch(run: Run, images: int) -> int:
    """Full batches only, as contrastive losses depend on the batch size."""
    if images < run.batch_size:
        raise SettingsError(
            f"batch_size = {run.batch_size}: {run.dataset} has {images} training images, allowed is at most that"
        )
    return images // run.batch_size


class Stream:
    """One epoch after another of steps for a set of twins, with a digest of all that each twin has seen."""

    def __init__(self, run: Run, images: Images, recipe: ViewRecipe, objectives: Sequence[Objective]) -> None:
        self.run, self.images, self.recipe = run, images, recipe
        self.keys = {
            one.name: (stream_key(run, "batches", one), stream_key(run, "augmentations", one)) for one in objectives
        }
        order = keyed_generator(run.seed, "shuffled labels").permutation(len(images))
        self.shuffled = images.labels[to_device(order, images.device)]
        self.steps = steps_per_epoch(run, len(images))
        self.digests = dict.fromkeys(self.keys.values(), "")  # a chain: each epoch's digest starts with the last one

    def digest(self, objective: str) -> str:
        """SHA-256 over the image indices and view parameters this twin was shown so far."""
        return self.digests[self.keys[objective]]

    def epoch(self, epoch: int) -> Iterator[dict[str, Step]]:
        """For every step of the epoch (counted from 1) the batch of each twin."""
        run, size = self.run, self.run.batch_size
        chains = {key: hashlib.sha256(previous.encode()) for key, previous in self.digests.items()}
        orders = {
            batch_key: keyed_generator(run.seed, "batches", epoch, batch_key).permutation(len(self.images))
            for batch_key, _ in self.digests
        }
        for step in range(self.steps):
            made = {
                key: self._make(orders[key[0]][step * size : (step + 1) * size], epoch, step, key[1], chains[key])
                for key in chains
            }
            if step == self.steps - 1:
                self.digests = {key: chain.hexdigest() for key, chain in chains.items()}
            yield {name: made[key] for name, key in self.keys.items()}

    def _make(self, indices: np.ndarray, epoch: int, step: int, view_key: str, chain: "hashlib._Hash") -> Step:
        chain.update(indices.astype("<i8").tobytes())
        images, labels = self.images.take(indices)
        views = []
        for view in (1, 2):
            generator = keyed_generator(self.run.seed, "views", epoch, step, view, view_key)
            draws = draw_views(self.recipe, generator, len(indices), *self.images.size)
            chain.update(draws.digest_bytes())
            view_images = apply_views(images, draws, self.recipe, self.images.mean, self.images.std)
            views.append(view_images.contiguous(memory_format=torch.channels_last))
        return Step(views[0], views[1], labels, self.shuffled[to_device(indices, self.images.device)])
