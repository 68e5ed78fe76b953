"""Comparison of twins after a single step: representations of test images, and weights."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from twin_alignment.measures.constant_features import is_collapsed
from twin_alignment.measures.feature_set import FeatureSet, Pair
from twin_alignment.measures.weight_distance import weight_gap


@dataclass(frozen=True)
class StepAlignment:
    """Alignment of two twins after a step, on test images.

    Attributes:
        step: counted from the start of training; 0 is the initialisation.
        path_length: of all steps so far.
        first: objective.
        second: objective.
        cka: of test features; NaN if a twin has collapsed.
        rsa: the same.
        weight_gap: of the encoders, over matrices and kernels.
    """

    step: int
    path_length: float
    first: str
    second: str
    cka: float
    rsa: float
    weight_gap: float


def compare_twins(
    step: int,
    path_length: float,
    features: Mapping[str, Tensor],
    weights: Mapping[str, Mapping[str, Tensor]],
    labels: Tensor,
) -> list[StepAlignment]:
    """Compare every pair of twins.

    Args:
        step: of all networks.
        path_length: until then.
        features: [N, d] of test images, by objective.
        weights: of encoders, by objective.
        labels: classes [N] of the images, by which collapse is seen.
    """
    sides = {
        name: None if is_collapsed(rows, labels) else FeatureSet(rows, f"{name} after step {step}")
        for name, rows in features.items()
    }
    table = []
    for first, second in itertools.combinations(sides, 2):
        a, b = sides[first], sides[second]
        similarity = Pair(a, b).similarity if a and b else None
        table.append(
            StepAlignment(
                step,
                path_length,
                first,
                second,
                cka=similarity.cka if similarity else math.nan,
                rsa=similarity.rsa if similarity else math.nan,
                weight_gap=weight_gap(weights[first], weights[second]),
            )
        )
    return table
