"""The paper's bounds, sharper ones, and the similarity descent they are about. See docs/theory.md for the proofs."""
