"""Images of a run that stops in the middle."""


def ctrl_c():
    raise KeyboardInterrupt


class Interruption:
    """Images that can be read for a number of batches before an event, which comes once."""

    def __init__(self, images, after_batches, event=ctrl_c):
        self._images, self._left, self._event = images, after_batches, event

    def __getattr__(self, name):
        return getattr(self._images, name)

    def __len__(self):
        return len(self._images)

    def prefetch_batch(self, indices):
        read = self._images.prefetch_batch(indices)

        def taken():
            if self._left == 0:
                self._event()
            self._left -= 1
            return read()

        return taken
