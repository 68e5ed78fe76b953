"""Encoders, projection heads and the features of their layers."""
