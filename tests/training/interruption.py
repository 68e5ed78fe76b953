"""A run that stops in the middle."""


class Interruption:
    """Images that are cut off after some batches, as by a closed laptop."""

    def __init__(self, images, after_batches):
        self._images, self._left = images, after_batches

    def __getattr__(self, name):
        return getattr(self._images, name)

    def __len__(self):
        return len(self._images)

    def take(self, indices):
        if self._left == 0:
            raise KeyboardInterrupt
        self._left -= 1
        return self._images.take(indices)
