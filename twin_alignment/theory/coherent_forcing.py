"""Coherent forcing: the part of the difference of two objectives' gradients that is the same in every batch.

On one batch d = grad of one objective - grad of CL, at CL's weights, is the sum of its mean over batches and of noise.
The mean pushes a twin away from CL in one direction, step after step; noise only starts chaos, whose size training
saturates whatever started it. docs/theory.md has the derivation.
"""

import math

from torch import Tensor


def mean_norm_squared(norm_of_sum_squared: float, sum_of_norms_squared: float, count: int) -> float:
    """Unbiased estimate of |E d|^2 from independent vectors d_1, ..., d_n: the mean of <d_i, d_j> over i != j.

    Args:
        norm_of_sum_squared: |d_1 + ... + d_n|^2.
        sum_of_norms_squared: |d_1|^2 + ... + |d_n|^2.
        count: n, two or more.

    Returns:
        The estimate, below 0 where chance exceeds the mean.

    Raises:
        ValueError: fewer than two vectors.

    Example:
        >>> mean_norm_squared(norm_of_sum_squared=4.0, sum_of_norms_squared=2.0, count=2)  # d, d with |d| = 1
        1.0
    """
    if count < 2:
        raise ValueError(f"expected two vectors or more, got {count}")
    return (norm_of_sum_squared - sum_of_norms_squared) / (count * (count - 1))


def kernel_velocity(rows: Tensor, velocity: Tensor) -> Tensor:
    """Derivative of the centred cosine matrix H U U^T H of N rows along a velocity of the unit rows.

    Args:
        rows: unit rows U [N, d].
        velocity: dU [N, d].

    Returns:
        H (dU U^T + U dU^T) H [N, N].
    """
    product = velocity @ rows.T
    return centred(product + product.T)


def centred(matrix: Tensor) -> Tensor:
    """Return H M H of a symmetric matrix [N, N], H = I - 11^T/N."""
    means = matrix.mean(0)
    return matrix - means[None] - means[:, None] + means.mean()


def turned_share(kernel: Tensor, first: Tensor, second: Tensor) -> float:
    """Estimate |E|^2 / |K|^2 of a displacement E of a kernel, without its part along K, from two independent estimates.

    Their product has no bias from noise that is independent between them.

    Args:
        kernel: centred K [N, N].
        first: one estimate of the displacement [N, N].
        second: another one.

    Returns:
        <E1, E2> / <K, K> of the parts orthogonal to K; below 0 where chance exceeds the displacement.

    Example:
        >>> import torch
        >>> k, e = torch.diag(torch.tensor([1.0, 0.0])), torch.diag(torch.tensor([5.0, 0.5]))
        >>> turned_share(k, e, e)
        0.25
    """
    norm = float((kernel * kernel).sum())
    along = [float((displacement * kernel).sum()) / norm for displacement in (first, second)]
    return float((first * second).sum()) / norm - along[0] * along[1]


def cka_after(turned: float, constant: float = 1.0, consistency: float = 1.0) -> float:
    """CKA of a kernel K with K + E, times what chaos leaves of it.

    For E orthogonal to K, CKA(K, K + E) = |K| / sqrt(|K|^2 + |E|^2).

    Args:
        turned: |E|^2 / |K|^2; below 0 counts as 0.
        constant: factor of `turned`, fitted on another setting.
        consistency: CKA of CL with its own copy that has one weight moved.

    Example:
        >>> cka_after(3.0)
        0.5
    """
    return consistency / math.sqrt(1 + constant * max(turned, 0.0))
