"""Bounds of the paper, sharper ones, and the similarity descent that they are about. See docs/theory.md for proofs."""

from twin_alignment.theory.guarantee import TheoremBounds, bound, bound_of_schedule
from twin_alignment.theory.theorem_bounds import corollary1, corollary2, epsilon, sharp_bound

__all__ = ["TheoremBounds", "bound", "bound_of_schedule", "corollary1", "corollary2", "epsilon", "sharp_bound"]
