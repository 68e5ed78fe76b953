"""Neural collapse: class-distance-normalised variance (Galanti et al. 2022) and its directional form."""

import numpy as np
import torch
from torch import Tensor

from twin_alignment.measures.class_means import class_means
from twin_alignment.measures.representation import check_varied
from twin_alignment.measures.rounding import unit_roundoff
from twin_alignment.measures.row_names import joined_tensors


def cdnv(features: np.ndarray | Tensor, labels: np.ndarray | Tensor) -> float:
    """Mean over class pairs i < j of (var_i + var_j) / (2 |mu_i - mu_j|^2).

    var_i is the mean squared distance of a class's rows to their mean mu_i. 0 when every class is one point.

    Args:
        features: rows [N, d].
        labels: class of each row [N]; classes are the labels that occur. Two of pandas are joined by their index.

    Raises:
        CollapseError: all rows are the same, up to rounding: a ValueError too.
        ValueError: there are fewer than two classes, two have the same mean, or a label or row is not finite.

    Example:
        >>> import numpy as np
        >>> cdnv(np.array([[0.0, 1], [0, -1], [4, 1], [4, -1]]), np.array([0, 0, 1, 1]))
        0.0625
    """
    rows, index, means = _by_class(features, labels)
    residuals = (rows - means[index]).square().sum(1)
    variances = torch.zeros(len(means), dtype=rows.dtype, device=rows.device).index_add_(0, index, residuals)
    variances /= index.bincount()
    first, second = torch.triu_indices(len(means), len(means), 1, device=means.device)
    squared = _squared_distances(means)[first, second]
    return float(((variances[first] + variances[second]) / 2 / squared).mean())


def directional_cdnv(features: np.ndarray | Tensor, labels: np.ndarray | Tensor) -> float:
    """Mean over ordered class pairs i != j of var_i along mu_j - mu_i / |mu_i - mu_j|^2.

    The variance of a class along a unit direction, so that only spread towards another class counts. One C x C product
    of each class's rows: O(N C d) operations, O(C^2) memory.

    Args:
        features: rows [N, d].
        labels: class of each row [N].

    Raises:
        CollapseError: as `cdnv`.
        ValueError: as `cdnv`.

    Example:
        >>> import numpy as np
        >>> directional_cdnv(np.array([[0.0, 1], [0, -1], [4, 1], [4, -1]]), np.array([0, 0, 1, 1]))
        0.0
    """
    rows, index, means = _by_class(features, labels)
    squared = _squared_distances(means)
    total = 0.0
    for i in range(len(means)):
        members = rows[index == i] - means[i]
        along = members @ (means - means[i]).T  # [n_i, C]: length of mu_j - mu_i times the position along it
        different = torch.arange(len(means), device=rows.device) != i
        total += float((along.square().mean(0)[different] / squared[i][different].square()).sum())
    return total / (len(means) * (len(means) - 1))


def _by_class(features: np.ndarray | Tensor, labels: np.ndarray | Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Rows in float64, the class of each counted from 0, and class means [C, d]."""
    features, labels, _ = joined_tensors(features, labels, "features", "labels")
    if features.ndim != 2 or labels.shape != features.shape[:1]:
        raise ValueError(f"features {tuple(features.shape)} and labels {tuple(labels.shape)}, expected [N, d] and [N]")
    if not labels.isfinite().all():
        raise ValueError(f"label {int((~labels.isfinite()).nonzero()[0])} is not finite, expected a class of each row")
    names, index = labels.unique(return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"{len(names)} classes, expected at least 2")
    rows = features.double()
    check_varied(rows, "features", features.dtype)
    means = class_means(rows, index, len(names))
    if coincide(rows, means):
        raise ValueError("two classes have the same mean, up to rounding: their distance cannot normalise")
    return rows, index, means


def coincide(rows: Tensor, means: Tensor) -> bool:
    """Return True where two of the class means [C, d] of rows [N, d] are equal up to rounding; both are float64."""
    rounding = len(rows) * unit_roundoff(torch.float64) * rows.abs().amax(0)  # of a mean, in each column
    scaled = torch.where(rounding > 0, means / rounding, 0.0)
    return not bool(torch.cdist(scaled, scaled, p=torch.inf).fill_diagonal_(torch.inf).min() > 1)


def _squared_distances(means: Tensor) -> Tensor:
    return torch.cdist(means, means, compute_mode="donot_use_mm_for_euclid_dist").square()
