"""Typed settings, a file a concern: what may stand in `params.yaml`, with its limits and its documentation."""
