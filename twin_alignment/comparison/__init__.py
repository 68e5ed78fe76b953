"""Comparisons of arrays and of files of features, as tables, text and pictures."""
