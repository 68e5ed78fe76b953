"""Measures of two representations, exact and without N x N matrices."""
