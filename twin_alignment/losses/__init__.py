"""Losses as pure functions of two views."""
