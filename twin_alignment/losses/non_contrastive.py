"""VICReg and Barlow Twins, each with its supervised form, as pure functions of two views' projections.

z1, z2 are the projections [B, d] of two views of the same B images before they are normalised. The supervised forms are
those of Balestriero and LeCun (2022): pairs of images of one class take the place of the pairs of views of one image.
Their relation matrix G is 1 for two images of one class. Here each row of G is divided by its sum, so that

    A_ij = 1 / (number of images of i's class) for j of i's class, else 0
    mean over pairs of f(z1_i, z2_j) = 1/B sum_i sum_j A_ij f(z1_i, z2_j)

Pairs have one row of each view, (i, i) among them; their G also relates rows of the same view. Every image has the same
weight, whatever the size of its class, as in SCL; G itself would give a class of n images a weight that grows with n^2.
If each image has its own class, A is the identity, and the loss is the self-supervised one.

Statistics are those of the whole batch. Where several processes share a batch, each computes the whole loss from all
rows: there are no `anchors`.
"""

from collections.abc import Callable
from typing import TypeVar

import torch.nn.functional as F
from torch import Tensor

INVARIANCE, VARIANCE, COVARIANCE = 25.0, 25.0, 1.0  # weights of VICReg's terms, as published
VARIANCE_EPSILON = 1e-4  # under VICReg's square root, as published
REDUNDANCY = 5e-3  # weight of Barlow Twins' second term, as published
BATCH_NORM_EPSILON = 1e-5  # of the batch norm in Barlow Twins' code

Function = TypeVar("Function", bound=Callable[..., Tensor])


def _reads_projection(function: Function) -> Function:
    """Mark a loss that reads the projection before it is normalised."""
    function.__dict__["reads"] = "projection"
    return function


@_reads_projection
def vicreg(z1: Tensor, z2: Tensor, labels: Tensor | None, temperature: float) -> Tensor:
    """VICReg (Bardes, Ponce and LeCun 2022), as in its authors' code.

        25 mean_ij (z1_ij - z2_ij)^2 + 25/2 (v(z1) + v(z2)) + c(z1) + c(z2)
        v(z) = mean_j max(0, 1 - sqrt(var(z_j) + 1e-4)),  c(z) = 1/d sum over j != k of cov(z_j, z_k)^2

    Variances and covariances have the divisor B - 1. In the paper's equations the first term is a sum over columns
    (5), and the second one has no half (6).

    Args:
        z1: projections [B, d] of one view.
        z2: projections [B, d] of the other view of the same images.
        labels: not read.
        temperature: not read.

    Returns:
        Scalar, of the whole batch.

    Raises:
        ValueError: there are fewer than 2 images.

    Example:
        >>> import torch
        >>> z = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
        >>> round(float(vicreg(z, z, None, temperature=1.0)), 4)  # one of two columns has no variance: 25/2 (1 - 0.01)
        12.375
    """
    return _vicreg(z1, z2, z2)


@_reads_projection
def vicreg_supervised(z1: Tensor, z2: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """VICReg whose first term is over all pairs of images of one class; with distinct labels it is `vicreg`.

    The first term of `vicreg` becomes 25/(B d) sum_ij A_ij |z1_i - z2_j|^2, where A_ij is 1 / (number of images of i's
    class) for j of i's class, (i, i) among them, and else 0. The other terms stay. Source: Balestriero and LeCun
    (2022), whose G is A before its rows are divided by their sums.

    Args:
        z1: projections [B, d] of one view.
        z2: projections [B, d] of the other view of the same images.
        labels: class of each image [B].
        temperature: not read.

    Returns:
        Scalar, of the whole batch.

    Raises:
        ValueError: there are fewer than 2 images.

    Example:
        >>> import torch
        >>> z = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
        >>> round(float(vicreg_supervised(z, z, torch.tensor([0, 0]), temperature=1.0)), 4)  # 25 more
        37.375
    """
    return _vicreg(z1, z2, _class_means(z2, labels))


@_reads_projection
def barlow(z1: Tensor, z2: Tensor, labels: Tensor | None, temperature: float) -> Tensor:
    """Barlow Twins (Zbontar et al. 2021, eq. 1).

        sum_j (1 - C_jj)^2 + 0.005 sum over j != k of C_jk^2,  C = s(z1)' s(z2) / B

    s subtracts each column's mean and divides by its standard deviation. Variances have the divisor B, and 1e-5 is
    added to them, as by the batch norm of the authors' code.

    Args:
        z1: projections [B, d] of one view.
        z2: projections [B, d] of the other view of the same images.
        labels: not read.
        temperature: not read.

    Returns:
        Scalar, of the whole batch.

    Raises:
        ValueError: there are fewer than 2 images.

    Example:
        >>> import torch
        >>> z = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
        >>> round(float(barlow(z, z, None, temperature=1.0)), 4)  # one of two columns has no variance
        1.0
    """
    return _barlow(z1, z2, None)


@_reads_projection
def barlow_supervised(z1: Tensor, z2: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Barlow Twins whose C is over all pairs of images of one class; with distinct labels it is `barlow`.

    C becomes s(z1)' A s(z2) / B, where A_ij is 1 / (number of images of i's class) for j of i's class, (i, i) among
    them, and else 0. Rows and columns of A sum to 1, so that s stays as it is. Source: Balestriero and LeCun (2022),
    whose G is A before its rows are divided by their sums. For a batch of one class C is 0, and the loss is d, without
    a gradient, up to rounding.

    Args:
        z1: projections [B, d] of one view.
        z2: projections [B, d] of the other view of the same images.
        labels: class of each image [B].
        temperature: not read.

    Returns:
        Scalar, of the whole batch.

    Raises:
        ValueError: there are fewer than 2 images.

    Example:
        >>> import torch
        >>> z = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
        >>> round(float(barlow_supervised(z, z, torch.tensor([0, 0]), temperature=1.0)), 4)
        2.0
    """
    return _barlow(z1, z2, labels)


def _vicreg(z1: Tensor, z2: Tensor, partners: Tensor) -> Tensor:
    """Loss whose first term is over pairs of z1's rows and rows of z2 around their mean, `partners` [B, d]."""
    _check(z1)
    # 1/n sum_j |a - b_j|^2 = |a - mean b|^2 + 1/n sum_j |b_j - mean b|^2
    invariance = F.mse_loss(z1, partners) + F.mse_loss(z2, partners)
    variance = (_lacking_spread(z1) + _lacking_spread(z2)) / 2
    covariance = _off_diagonal(_covariance(z1)) + _off_diagonal(_covariance(z2))
    return INVARIANCE * invariance + VARIANCE * variance + COVARIANCE * covariance / z1.shape[1]


def _barlow(z1: Tensor, z2: Tensor, labels: Tensor | None) -> Tensor:
    """Loss whose pairs are of one class; None: of one image."""
    _check(z1)
    s1, s2 = _standardised(z1), _standardised(z2)
    correlation = s1.T @ (s2 if labels is None else _class_means(s2, labels)) / len(z1)
    return (correlation.diagonal() - 1).square().sum() + REDUNDANCY * _off_diagonal(correlation)


def _check(z1: Tensor) -> None:
    """Raise ValueError for a batch that has no variance."""
    if len(z1) < 2:
        raise ValueError(f"expected at least 2 images, got {len(z1)}")


def _class_means(z: Tensor, labels: Tensor) -> Tensor:
    """Return A z [B, d]: for each image the mean of the rows of its class."""
    same = (labels[:, None] == labels[None, :]).to(z.dtype)
    return same / same.sum(1, keepdim=True) @ z


def _lacking_spread(z: Tensor) -> Tensor:
    """Mean over columns of what their standard deviation is below 1."""
    return F.relu(1 - (z.var(0) + VARIANCE_EPSILON).sqrt()).mean()


def _standardised(z: Tensor) -> Tensor:
    """Columns with mean 0 and variance 1; a column without variance is 0."""
    return (z - z.mean(0)) / (z.var(0, correction=0) + BATCH_NORM_EPSILON).sqrt()


def _covariance(z: Tensor) -> Tensor:
    """Covariances of columns [d, d]; unlike torch.cov it does not wait for the device."""
    centred = z - z.mean(0)
    return centred.T @ centred / (len(z) - 1)


def _off_diagonal(matrix: Tensor) -> Tensor:
    """Sum of the squares off the diagonal."""
    return (matrix - matrix.diagonal().diag()).square().sum()
