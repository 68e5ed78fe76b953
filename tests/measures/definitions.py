"""The measures written from their definitions, with N x N matrices in float64."""

import numpy as np


def cosine_matrix(x):
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    return unit @ unit.T


def centre(kernel):
    n = len(kernel)
    h = np.eye(n) - np.ones((n, n)) / n
    return h @ kernel @ h


def cka(kernel_a, kernel_b):
    a, b = centre(kernel_a), centre(kernel_b)
    return (a * b).sum() / (np.linalg.norm(a) * np.linalg.norm(b))


def unbiased_hsic(kernel_a, kernel_b):
    """Song et al. 2012, equation 5."""
    n = len(kernel_a)
    k, m = kernel_a - np.diag(np.diag(kernel_a)), kernel_b - np.diag(np.diag(kernel_b))
    one = np.ones(n)
    middle = (one @ k @ one) * (one @ m @ one) / ((n - 1) * (n - 2))
    return (np.trace(k @ m) + middle - 2 / (n - 2) * (one @ k @ m @ one)) / (n * (n - 3))


def debiased_cka(kernel_a, kernel_b):
    own = unbiased_hsic(kernel_a, kernel_a) * unbiased_hsic(kernel_b, kernel_b)
    return unbiased_hsic(kernel_a, kernel_b) / np.sqrt(own)


def rsa(kernel_a, kernel_b):
    pairs = np.triu_indices(len(kernel_a), 1)
    return np.corrcoef(kernel_a[pairs], kernel_b[pairs])[0, 1]


def measures(x, y):
    """All four, of rows [N, d] and [N, d']."""
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    a, b = cosine_matrix(x), cosine_matrix(y)
    return {
        "cka": cka(a, b),
        "cka_raw": cka(x @ x.T, y @ y.T),
        "cka_debiased": debiased_cka(a, b),
        "rsa": rsa(a, b),
    }
