"""Chance level of canonical correlations, by the law of Wachter (1980)."""

import math

import numpy as np

NODES = 2000  # of the integral, to nine digits


def unrelated_mean(rows: int, first: int, second: int) -> float:
    """Mean canonical correlation of two unrelated subspaces, one of them uniformly random.

    It is the limit for many rows of spaces whose dimensions grow with them, and is within 6 % for a single dimension.
    Centring leaves N - 1 dimensions. Where both spaces have more together they meet, and what they share has
    correlation 1.

    Args:
        rows: number of rows N.
        first: dimensions of one space, 1 to N - 1.
        second: dimensions of the other.

    Example:
        >>> round(unrelated_mean(1001, 100, 100), 3)
        0.271
    """
    small, large = sorted((first / (rows - 1), second / (rows - 1)))
    if large >= 1:
        return 1.0
    shared = max(0.0, small + large - 1) / small
    ends = [(math.sqrt(small * (1 - large)) + sign * math.sqrt(large * (1 - small))) ** 2 for sign in (-1, 1)]
    angles = (np.arange(NODES) + 0.5) * np.pi / NODES
    half = (ends[1] - ends[0]) / 2
    squares = (ends[0] + ends[1]) / 2 + half * np.cos(angles)  # of correlations
    density = (half * np.sin(angles)) ** 2 / (2 * np.pi * small * squares * (1 - squares))
    return shared + float((density * np.sqrt(squares)).sum()) * np.pi / NODES
