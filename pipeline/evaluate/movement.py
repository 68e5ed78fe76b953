"""How far each twin has moved from where it started: weights, and the representation of test images.

The scale of every comparison between twins: two that have hardly moved are alike whatever they were trained on.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from twin_alignment.measures.feature_set import FeatureSet, Pair
from twin_alignment.measures.weight_distance import displacement, weight_angle


@dataclass(frozen=True)
class Travelled:
    """How far training had come at the end of an epoch: updates so far, and the sum of their sizes (see
    `pipeline.train.schedule.path_length`)."""

    steps: int
    path_length: float


@dataclass(frozen=True)
class MovementRow:
    """How far one twin is from its own epoch 0: encoder weights (angle in degrees), CKA and RSA of test features; these
    are NaN where it has collapsed then or now, of which `collapsed` says now."""

    epoch: int
    steps: int
    path_length: float
    objective: str
    displacement: float
    weight_angle: float
    cka: float
    rsa: float
    collapsed: bool


@dataclass(frozen=True)
class Start:
    """A twin at epoch 0: test features, none where they are collapsed, and encoder weights."""

    features: FeatureSet | None
    weights: Mapping[str, Tensor]

    def moved(
        self,
        epoch: int,
        travelled: Travelled,
        objective: str,
        features: FeatureSet | None,
        weights: Mapping[str, Tensor],
    ) -> MovementRow:
        """The twin's row at an epoch, from its features and weights then."""
        similarity = Pair(self.features, features).similarity if self.features and features else None
        return MovementRow(
            *(epoch, travelled.steps, travelled.path_length, objective),
            displacement=displacement(weights, self.weights),
            weight_angle=weight_angle(weights, self.weights),
            cka=similarity.cka if similarity else math.nan,
            rsa=similarity.rsa if similarity else math.nan,
            collapsed=features is None,
        )
