"""How a wrong input is refused: in a sentence, before any work starts."""


class InputError(ValueError):
    """A file or a number that a user gave is wrong; the message is one sentence for that person."""
