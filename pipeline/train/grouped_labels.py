"""Groups of a run's images that objectives read in place of classes."""

import numpy as np
import torch
from torch import Tensor

from pipeline.config.base import SettingsError
from pipeline.config.label_groups import groups_by_class
from pipeline.config.objective_settings import LabelGroups
from pipeline.datasets.images import Images
from pipeline.system.device import to_device
from twin_alignment.randomness import keyed_generator


def group_labels(groups: LabelGroups, seed: int, images: Images) -> Tensor:
    """Return the group of every image.

    What is drawn depends on the seed alone: one order of the classes, and one of the images, for any number of groups,
    so that `random/2` merges groups of `random/20`, and `random_half` is a group of `random/2` for an even number of
    classes.

    Args:
        groups: as settings have them.
        seed: the run's.
        images: of the run's classes.

    Returns:
        Whole numbers [N] from 0 up without gaps, on the images' device.

    Raises:
        SettingsError: a map does not fit the dataset's classes, or one group would be left.
    """
    if groups.kind == "random_images":
        if groups.count > len(images):
            raise SettingsError(f"random_images: expected at most {len(images)} groups, got {groups.count}")
        order = keyed_generator(seed, "random groups of images").permutation(len(images))
        return to_device(order % groups.count, images.device)
    numbers = np.unique(_of_classes(groups, seed, images), return_inverse=True)[1].astype(np.int64)
    if numbers.max() == 0:
        raise SettingsError(f"expected two groups at least among the run's {images.classes} classes, got one")
    return torch.from_numpy(numbers).to(images.device)[images.labels]


def count_groups(groups: LabelGroups, seed: int, images: Images) -> int:
    """Number of groups among a run's images; raises SettingsError as `group_labels`."""
    return int(group_labels(groups, seed, images).max()) + 1


def _of_classes(groups: LabelGroups, seed: int, images: Images) -> np.ndarray:
    """Group [C'] of each of the run's classes."""
    if groups.kind == "map":
        of_class = groups_by_class(groups.classes, images.names, "labels")
        return np.array([of_class[index] for index in images.indices])
    order = keyed_generator(seed, "random groups of classes").permutation(images.classes)
    if groups.kind == "random_half":
        return np.where(order % 2 == 0, -1, order)
    if groups.count > images.classes:
        raise SettingsError(f"random: expected at most {images.classes} groups, got {groups.count}")
    return order % groups.count
