"""Error of a run whose settings do not train."""


class DivergenceError(RuntimeError):
    """A loss or features are not finite."""
