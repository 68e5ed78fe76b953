"""SCARF's corruption (Bahri et al. 2022): features take the values that they have in other rows."""

import torch


def corrupt(batch, generator, settings):
    columns = batch.shape[1]
    rows = generator.integers(len(generator.data), columns)
    replacements = generator.data[rows, torch.arange(columns, device=batch.device)]
    return torch.where(generator.bernoulli(settings["probability"], columns), replacements, batch)
