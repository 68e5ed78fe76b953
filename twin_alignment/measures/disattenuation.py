"""Similarity of two groups of networks, with the differences within each group taken out."""

import math
from collections.abc import Sequence
from statistics import fmean

MIN_SEEDS = 3  # for a jackknife over seeds: leaving out one of two leaves no pair


def disattenuated(cross: Sequence[float], first: Sequence[float], second: Sequence[float]) -> float:
    """Correct a similarity of two groups for attenuation: mean(cross) / sqrt(mean(first) mean(second)).

    A group is networks of one objective that differ in their seed. Networks of different seeds differ also where their
    objective is the same. Noise that is independent between seeds lowers the similarity across groups as it lowers that
    within them, and cancels (Spearman 1904, "The proof and measurement of association between two things").

        >>> round(disattenuated(cross=[0.40, 0.44], first=[0.5], second=[0.72]), 6)
        0.7

    Args:
        cross: similarities of a network of the first group with one of the second, of another seed [P].
        first: similarities of two networks of the first group, of different seeds [Q].
        second: the same of the second group [R].

    Returns:
        1 for groups as similar to each other as to themselves. It can exceed 1.

    Raises:
        ValueError: an argument is empty, or the mean of `first` or `second` is not above 0.
    """
    sides = {"cross": cross, "first": first, "second": second}
    if empty := [name for name, values in sides.items() if not len(values)]:
        raise ValueError(f"{' and '.join(empty)}: expected similarities of at least one pair, got none")
    means = {name: fmean(values) for name, values in sides.items()}
    for name in ("first", "second"):
        if not means[name] > 0:
            raise ValueError(f"{name}: expected similarities with a mean above 0, got {means[name]:g}")
    return means["cross"] / math.sqrt(means["first"] * means["second"])
