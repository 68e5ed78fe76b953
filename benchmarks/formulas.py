"""Measures of other tools, written from their published formulas, in the precision and with the matrices that they use.

Those of netrep (Williams et al. 2021), ReSi (Klabunde et al. 2025) and platonic-rep (Huh et al. 2024), which cannot be
installed from the package index, and of torch_cka, which takes models and not features.
"""

import math

import numpy as np
import scipy.linalg
import scipy.spatial
import scipy.stats
import torch
from sklearn.cross_decomposition import CCA
from sklearn.metrics import pairwise_distances
from torch import Tensor


def netrep_cka(x: np.ndarray, y: np.ndarray) -> float:
    """Cosine of the angle of both N x N matrices of centred features; netrep gives the angle."""
    a, b = ((z - z.mean(0)) @ (z - z.mean(0)).T for z in (x, y))
    return float((a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b))


def netrep_shape(x: np.ndarray, y: np.ndarray, whiten: bool = False) -> float:
    """Angle of both sides as vectors, after their centring, partial whitening and rotation."""
    x, y = x - x.mean(0), y - y.mean(0)
    if whiten:
        x, y = (z @ _inverse_root(z.T @ z) for z in (x, y))
    left, _, right = np.linalg.svd(x.T @ y)
    a, b = (x @ left).ravel(), (y @ right.T).ravel()
    return math.acos(max(-1.0, min(1.0, float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))))


def netrep_cca(x: np.ndarray, y: np.ndarray) -> float:
    """Cosine of the angle after whitening, the mean canonical correlation of sides of one dimension."""
    return math.cos(netrep_shape(x, y, whiten=True))


def resi_cka(x: np.ndarray, y: np.ndarray) -> float:
    x, y = (torch.from_numpy(z - z.mean(0)) for z in (x, y))
    return float((y.T @ x).norm() ** 2 / (x.T @ x).norm() / (y.T @ y).norm())


def resi_shape(x: np.ndarray, y: np.ndarray) -> float:
    x, y = ((z - z.mean(0)) / np.linalg.norm(z - z.mean(0)) for z in (x, y))
    turn, _ = scipy.linalg.orthogonal_procrustes(x, y)
    return math.acos(max(-1.0, min(1.0, float(np.trace(turn.T @ x.T @ y)))))


def resi_rsa(x: np.ndarray, y: np.ndarray) -> float:
    """Spearman's correlation of correlation distances, from N x N matrices."""
    rows = (z - z.mean(1, keepdims=True) for z in (x, y))
    a, b = (scipy.spatial.distance.squareform(pairwise_distances(z, metric="cosine"), checks=False) for z in rows)
    return float(scipy.stats.spearmanr(a, b).statistic)


def resi_svcca(x: np.ndarray, y: np.ndarray) -> float:
    """Mean correlation of the leading singular vectors with 99 % of the variance (Raghu et al. 2017)."""
    parts = []
    for z in (x, y):
        left, values, _ = np.linalg.svd(z - z.mean(0), full_matrices=False)
        count = int(np.searchsorted(np.cumsum(values**2) / (values**2).sum(), 0.99)) + 1
        parts.append(left[:, :count])
    return float(np.linalg.svd(parts[0].T @ parts[1], compute_uv=False).mean())


def resi_regression(x: np.ndarray, y: np.ndarray) -> float:
    """R^2 of y by least squares on x, on the rows that were fitted."""
    x, y = x - x.mean(0), y - y.mean(0)
    basis = x @ scipy.linalg.inv(scipy.linalg.sqrtm(x.T @ x))
    return float(np.linalg.norm(basis.T @ y) ** 2 / np.linalg.norm(y) ** 2)


def platonic_cka(x: np.ndarray, y: np.ndarray, unbiased: bool = False) -> float:
    a, b = (z @ z.T for z in _unit(x, y))
    hsic = _unbiased_hsic if unbiased else _biased_hsic
    return float(hsic(a, b) / (torch.sqrt(hsic(a, a) * hsic(b, b)) + 1e-6))


def platonic_debiased_cka(x: np.ndarray, y: np.ndarray) -> float:
    return platonic_cka(x, y, unbiased=True)


def torch_cka(x: np.ndarray, y: np.ndarray, batch: int = 256) -> float:
    """CKA of unbiased HSIC, whose three terms are averaged over batches of rows, which keep their lengths."""
    terms = []
    for first, second in zip(*(torch.from_numpy(z).split(batch) for z in (x, y)), strict=True):
        a, b = ((rows @ rows.T).fill_diagonal_(0) for rows in (first, second))
        terms.append(torch.stack([_unbiased_hsic(a, b), _unbiased_hsic(a, a), _unbiased_hsic(b, b)]))
    cross, within_x, within_y = torch.stack(terms).mean(0)
    return float(cross / (within_x.sqrt() * within_y.sqrt()))


def platonic_rbf_cka(x: np.ndarray, y: np.ndarray) -> float:
    """CKA of Gaussian kernels; the width is given, here the median of all distances."""
    kernels = []
    for z in (x, y):
        squares = torch.cdist(torch.from_numpy(z), torch.from_numpy(z)) ** 2
        later = torch.ones_like(squares, dtype=torch.bool).triu(1)
        kernels.append(torch.exp(-squares / (2 * float(squares[later].median()))))
    a, b = kernels
    return float(_biased_hsic(a, b) / (torch.sqrt(_biased_hsic(a, a) * _biased_hsic(b, b)) + 1e-6))


def platonic_svcca(x: np.ndarray, y: np.ndarray) -> float:
    """Mean correlation of ten components of scikit-learn's CCA of ten singular vectors of standardised features."""
    parts = []
    for z in (x, y):
        standard = torch.from_numpy((z - z.mean(0)) / z.std(0, ddof=1))
        parts.append(torch.svd_lowrank(standard, q=10)[0].numpy())
    scores = CCA(n_components=10).fit(*parts).transform(*parts)
    return float(np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(*(side.T for side in scores), strict=True)]))


def platonic_mutual_knn(x: np.ndarray, y: np.ndarray) -> float:
    n, masks = len(x), []
    for z in _unit(x, y):
        similarities = (z @ z.T).fill_diagonal_(-1e8)
        near = similarities.argsort(dim=1, descending=True)[:, :10]
        masks.append(torch.zeros(n, n).scatter_(1, near, 1.0))
    return float((masks[0] * masks[1]).sum(1).mean() / 10)


def platonic_cknna(x: np.ndarray, y: np.ndarray) -> float:
    n, kernels, masks = len(x), [], []
    for z in _unit(x, y):
        kernel = z @ z.T
        near = kernel.clone().fill_diagonal_(-torch.inf).topk(10, dim=1).indices
        kernels.append(kernel)
        masks.append(torch.zeros(n, n).scatter_(1, near, 1.0))
    both = masks[0] * masks[1]
    cross = _unbiased_hsic(both * kernels[0], both * kernels[1])
    first, second = (_unbiased_hsic(m * k, m * k) for m, k in zip(masks, kernels, strict=True))
    return float(cross / (torch.sqrt(first * second) + 1e-6))


def _unit(x: np.ndarray, y: np.ndarray) -> tuple[Tensor, Tensor]:
    first, second = (torch.nn.functional.normalize(torch.from_numpy(z), dim=1) for z in (x, y))
    return first, second


def _inverse_root(gram: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(gram)
    root: np.ndarray = (vectors / np.sqrt(np.maximum(values, 1e-7))) @ vectors.T
    return root


def _biased_hsic(a: Tensor, b: Tensor) -> Tensor:
    h = torch.eye(len(a)) - 1 / len(a)
    return torch.trace(a @ h @ b @ h)


def _unbiased_hsic(a: Tensor, b: Tensor) -> Tensor:
    """Song et al. 2012, equation 5."""
    n = len(a)
    a, b = a.clone().fill_diagonal_(0), b.clone().fill_diagonal_(0)
    totals = a.sum() * b.sum() / ((n - 1) * (n - 2))
    return ((a * b.T).sum() + totals - 2 * (a @ b).sum() / (n - 2)) / (n * (n - 3))
