"""Images, or rows of arrays, of a store's split on the device that trains on them."""

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pipeline.datasets.source_images import Pixels, Rows
from pipeline.datasets.store import Split, load_store
from pipeline.datasets.subsets import read_subset, select
from pipeline.system.device import to_device
from twin_alignment.prefetch import prefetch

RESIDENT_SHARE = 0.5  # of the free memory of an accelerator; larger sets stay on the host and travel by batch


class Images:
    """uint8 images [N, C, H, W] of the chosen classes, or float32 rows [N, ...], with labels 0 .. C'-1.

    The first axis of a row counts as channels, the others as its size.

    On an accelerator all images are resident where they fit, so that a batch is one gather there; otherwise the store
    on the host is read batch by batch.
    """

    def __init__(
        self,
        split: Split,
        classes: tuple[int, ...],
        mean: tuple[float, ...],
        std: tuple[float, ...],
        device: torch.device,
        names: tuple[str, ...] = (),
    ) -> None:
        self.rows, labels = select(split, classes)
        self.classes = len(classes)
        self.indices = classes  # of labels 0 .. C'-1 among the dataset's classes
        self.names = names or tuple(map(str, range(max(classes) + 1)))  # of all of the dataset's classes
        self.device = device
        self.labels = torch.from_numpy(labels).to(device)
        self.mean = torch.tensor(mean, device=device)
        self.std = torch.tensor(std, device=device)
        self.host = split.images
        self.resident: Tensor | None = None
        if self._fits():
            self.resident = torch.from_numpy(self.host[self.rows]).to(device)  # files are decoded here, once

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def channels(self) -> int:
        return int(self.host.shape[1])

    @property
    def size(self) -> tuple[int, ...]:
        """(height, width) as stored; what follows the first axis of a row."""
        return tuple(map(int, self.host.shape[2:]))

    @cached_property
    def values(self) -> Tensor:
        """All rows [N, ...] as one tensor on the device, a copy of the store's."""
        return self.resident if self.resident is not None else torch.from_numpy(self.host[self.rows]).to(self.device)

    def _fits(self) -> bool:
        if self.device.type != "cuda":
            return False  # the memory map is the fastest way already
        free, _ = torch.cuda.mem_get_info(self.device)
        width = self.host.itemsize if isinstance(self.host, np.ndarray) else 1
        return len(self.rows) * int(np.prod(self.host.shape[1:])) * width < RESIDENT_SHARE * free

    def take(self, indices: np.ndarray) -> tuple[Tensor, Tensor]:
        """Images and labels at positions of this subset, on the device."""
        return self.prefetch_batch(indices)()

    def prefetch_batch(self, indices: np.ndarray) -> Callable[[], tuple[Tensor, Tensor]]:
        """Return a function that takes them; images in files are decoded meanwhile."""
        host = self.host
        if self.resident is None and not isinstance(host, np.ndarray):
            pending = host.prefetch(self.rows[indices])
            return lambda: self._on_device(indices, pending())
        return lambda: self._on_device(indices, None if self.resident is not None else host[self.rows[indices]])

    def _on_device(self, indices: np.ndarray, images: Pixels | Rows | None) -> tuple[Tensor, Tensor]:
        positions = to_device(indices, self.device)
        if images is None:
            assert self.resident is not None
            return self.resident[positions], self.labels[positions]
        return to_device(images, self.device), self.labels[positions]

    def batches(self, size: int) -> Iterator[Tensor]:
        """All images in stored order, without labels."""
        parts = (np.arange(start, min(start + size, len(self))) for start in range(0, len(self), size))
        for pending in prefetch(map(self.prefetch_batch, parts)):
            yield pending()[0]


def load_images(store_path: Path, subset_path: Path, device: torch.device) -> dict[str, Images]:
    """{"train": ..., "test": ...} of a class subset; raises FileNotFoundError naming what has to be made first."""
    store = load_store(store_path)
    classes = read_subset(subset_path).indices
    splits = {"train": store.train, "test": store.test}
    manifest = store.manifest
    facts = (classes, manifest.mean, manifest.std, device, manifest.class_names)
    return {name: Images(split, *facts) for name, split in splits.items()}
