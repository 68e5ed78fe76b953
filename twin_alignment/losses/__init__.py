"""Losses as pure functions of two views: `loss(z1, z2, labels, temperature)`."""

from twin_alignment.losses.contrastive import (
    contrastive,
    negatives_only_supervised,
    partly_supervised,
    same_class_mass,
)
from twin_alignment.losses.info_nce import infonce, infonce_supervised
from twin_alignment.losses.non_contrastive import barlow, barlow_supervised, vicreg, vicreg_supervised
from twin_alignment.losses.spectral_contrastive import spectral, spectral_supervised
from twin_alignment.losses.supervised import cross_entropy, supervised_contrastive

__all__ = [
    "barlow",
    "barlow_supervised",
    "contrastive",
    "cross_entropy",
    "infonce",
    "infonce_supervised",
    "negatives_only_supervised",
    "partly_supervised",
    "same_class_mass",
    "spectral",
    "spectral_supervised",
    "supervised_contrastive",
    "vicreg",
    "vicreg_supervised",
]
