"""Similarity descent: CL and NSCL move the similarities themselves, under the same batches.

The state is a matrix of N x N directed similarities. The diagonal entry (i, i) is that of i's two views, its positive;
the batch loss is the mean over the batch's B anchors i of

    -S_ii / tau + log sum_{j in the batch, j != i} e^{S_ij / tau},

for NSCL with the sum over j of another class. Entries outside the batch do not move. An anchor with no negative (NSCL,
one class in the batch) has no second term.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from twin_alignment.randomness import keyed_generator
from twin_alignment.theory.theorem_bounds import (
    certificate,
    is_nonexpansive,
    log_mismatch,
    log_mismatch_sharp,
    log_nonexpansive,
    log_telescoped,
    log_theorem1,
)


@dataclass(frozen=True)
class Descent:
    """Drift and bounds after each of T steps.

    Drifts are Frobenius norms; bounds are natural logarithms with the largest class share so far, and with the sharper
    mismatch except for `log_theorem1_published`.
    """

    drift: np.ndarray  # |S^CL - S^NSCL|_F
    certificate: np.ndarray  # from CL's own same-class masses
    log_nonexpansive: np.ndarray  # nan where a rate was above 4 tau^2 B
    log_telescoped: np.ndarray
    log_theorem1: np.ndarray
    log_theorem1_published: np.ndarray  # with the paper's mismatch
    largest: float  # absolute similarity at any step: all bounds but the certificate need at most 1
    cl: Tensor  # S^CL after the last step [N, N]
    nscl: Tensor


def batch_gradient(block: Tensor, excluded: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """(gradient [B, B], softmax [B, B]) of the batch loss in the entries of the batch's block [B, B].

    excluded [B, B] is True where an image is no negative of an anchor, as on the diagonal.
    """
    logits = (block / temperature).masked_fill(excluded, -torch.inf)
    softmax = torch.softmax(logits, 1).nan_to_num(0.0)  # a row without negatives has no second term
    gradient = (softmax - torch.eye(len(block), dtype=block.dtype)) / (temperature * len(block))
    return gradient, softmax


def descend(
    start: Tensor,
    labels: Tensor,
    batches: Sequence[np.ndarray],
    rates: Sequence[float],
    temperature: float,
    project: bool = True,
) -> Descent:
    """Run CL's and NSCL's descent from one start. O(B^2) operations a step, whatever N.

    Args:
        start: similarities [N, N].
        labels: class of each image [N].
        batches: images of each step, T arrays [B].
        rates: learning rates [T].
        temperature: tau, above 0.
        project: keep every entry in [-1, 1].

    Example:
        >>> start, labels = random_start(images=8, classes=2, dimensions=3, seed=0)
        >>> descent = descend(start, labels, random_batches(8, 4, steps=2, seed=0), [0.1, 0.1], temperature=0.5)
        >>> bool((np.log(descent.drift) <= descent.log_nonexpansive).all())
        True
    """
    cl, nscl = start.double().clone(), start.double().clone()
    steps = len(batches)
    masses, drift, shares = np.zeros(steps), np.zeros(steps), np.zeros(steps)
    largest, squared = float(cl.abs().max()), 0.0
    size = len(batches[0])
    same_image = torch.eye(size, dtype=torch.bool)
    for t, (batch, rate) in enumerate(zip(batches, rates, strict=True)):
        index = torch.from_numpy(batch)
        classes = labels[index]
        same = classes[:, None] == classes[None, :]
        at = (index[:, None], index[None, :])
        blocks = cl[at], nscl[at]
        squared -= float((blocks[0] - blocks[1]).square().sum())
        gradient, softmax = batch_gradient(blocks[0], same_image, temperature)
        masses[t] = float((softmax * same).sum(1).square().mean())
        shares[t] = float(classes.bincount().max()) / size
        moved = [blocks[0] - rate * gradient, blocks[1] - rate * batch_gradient(blocks[1], same, temperature)[0]]
        if project:
            moved = [block.clamp_(-1, 1) for block in moved]
        largest = max(largest, *(float(block.abs().max()) for block in moved))
        cl[at], nscl[at] = moved
        squared += float((moved[0] - moved[1]).square().sum())
        drift[t] = np.sqrt(max(squared, 0.0))
    total = np.cumsum(rates)
    worst = np.maximum.accumulate(shares)
    sharp = [log_mismatch_sharp(share, temperature) for share in worst]
    published = [log_mismatch(share, temperature) for share in worst]
    expansive = np.maximum.accumulate([not is_nonexpansive(rate, temperature, size) for rate in rates])

    def each(form: Callable[[float, float, float, int], float], logs: Sequence[float]) -> np.ndarray:
        return np.array([form(log, s, temperature, size) for log, s in zip(logs, total, strict=True)])

    return Descent(
        drift=drift,
        certificate=np.where(expansive, np.nan, certificate(masses, np.asarray(rates), temperature, size)),
        log_nonexpansive=np.where(expansive, np.nan, each(log_nonexpansive, sharp)),
        log_telescoped=each(log_telescoped, sharp),
        log_theorem1=each(log_theorem1, sharp),
        log_theorem1_published=each(log_theorem1, published),
        largest=largest,
        cl=cl,
        nscl=nscl,
    )


def random_start(images: int, classes: int, dimensions: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return (cosine similarities [N, N] of random features, labels [N]) of classes of almost equal size."""
    rows = keyed_generator(seed, "descent start").normal(size=(images, dimensions))
    unit = torch.from_numpy(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    return unit @ unit.T, torch.arange(images) % classes


def random_batches(images: int, batch: int, steps: int, seed: int) -> list[np.ndarray]:
    """Return T batches [B] without replacement, each drawn from a key of its step."""
    return [keyed_generator(seed, "descent batch", t).permutation(images)[:batch] for t in range(steps)]
