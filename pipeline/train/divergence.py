"""What it means that a run cannot be trained by its settings."""


class DivergenceError(RuntimeError):
    """A loss, or a network's features, are no longer numbers that anything could be compared by."""
