"""Movement of each twin from its initialisation: weights, and the representation of test images.

It is the scale of every comparison between twins: two that have hardly moved are similar for any loss.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from twin_alignment.measures.jackknife import Pair, Prepared
from twin_alignment.measures.weight_distance import displacement, weight_angle


@dataclass(frozen=True)
class TrainingProgress:
    """Training until the end of an epoch.

    Attributes:
        steps: updates so far.
        path_length: sum of their sizes (see `pipeline.train.schedule.path_length`).
    """

    steps: int
    path_length: float


@dataclass(frozen=True)
class MovementRow:
    """Movement of one twin from its epoch 0: encoder weights (angle in degrees), CKA and RSA of test features.

    CKA and RSA are NaN if the features have collapsed then or now; `collapsed` refers to now.
    """

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
class Reference:
    """A twin at epoch 0: test features (None: they have collapsed) and encoder weights."""

    features: Prepared | None
    weights: Mapping[str, Tensor]

    def displacement_row(
        self,
        epoch: int,
        progress: TrainingProgress,
        objective: str,
        features: Prepared | None,
        weights: Mapping[str, Tensor],
    ) -> MovementRow:
        """Compare the twin's features and weights at an epoch with these."""
        similarity = Pair(self.features, features).similarity if self.features and features else None
        return MovementRow(
            epoch,
            progress.steps,
            progress.path_length,
            objective,
            displacement=displacement(weights, self.weights),
            weight_angle=weight_angle(weights, self.weights),
            cka=similarity.cka if similarity else math.nan,
            rsa=similarity.rsa if similarity else math.nan,
            collapsed=features is None,
        )
