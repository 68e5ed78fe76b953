"""Dropout of words: every word of a passage is kept with a probability, and becomes 0 otherwise."""


def drop_words(batch, generator, settings):
    return batch * generator.bernoulli(settings["keep"], batch.shape[1])
