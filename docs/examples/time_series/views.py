"""Views of closed outlines [B, 1, times]: another start, a window stretched to the whole length, and noise."""

import torch


def trace(batch, generator, settings):
    times = batch.shape[2]
    start = times * generator.uniform(1)
    length = times * (1 - settings["crop"] * generator.uniform(1))
    where = start + length * torch.linspace(0, 1, times, device=batch.device)  # may pass the end
    before = where.floor().long()
    weight = (where - before)[:, None]
    first, second = (batch.gather(2, (place % times)[:, None]) for place in (before, before + 1))
    return first + weight * (second - first) + settings["noise"] * generator.normal(1, times)
