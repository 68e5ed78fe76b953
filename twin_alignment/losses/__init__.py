"""Losses as pure functions of two views: `loss(z1, z2, labels, temperature)`."""

from twin_alignment.losses.contrastive import (
    contrastive,
    negatives_only_supervised,
    partly_supervised,
    same_class_mass,
)
from twin_alignment.losses.supervised import cross_entropy, supervised_contrastive

__all__ = [
    "contrastive",
    "cross_entropy",
    "negatives_only_supervised",
    "partly_supervised",
    "same_class_mass",
    "supervised_contrastive",
]
