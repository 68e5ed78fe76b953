"""Typed settings: the keys of `params.yaml`, with their limits and documentation."""
