"""Losses as pure functions of two views, and the one way to call them. Names and looks are in `pipeline.objectives`."""
