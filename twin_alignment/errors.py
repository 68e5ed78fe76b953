"""Error for wrong input of a user."""


class InputError(ValueError):
    """Wrong file or number from a user; the message is one sentence for that person, raised before any work starts."""
