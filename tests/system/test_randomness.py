import numpy as np
import torch

from twin_alignment.randomness import keyed_generator, torch_seed


def draws(*key: int | str) -> tuple[float, ...]:
    return tuple(keyed_generator(*key).random(4))


def test_equal_keys_give_equal_streams_and_others_differ():
    keys = [(0, "views", 1, 2), (1, "views", 1, 2), (0, "batches", 1, 2), (0, "views", 2, 1), (0, "views", 12)]
    assert draws(0, "views", 1, 2) == draws(0, "views", 1, 2)
    assert len({draws(*key) for key in keys}) == len(keys)


def test_global_generators_are_neither_read_nor_moved():
    np.random.seed(0)  # noqa: NPY002 (the global state is what is tested)
    torch.manual_seed(0)
    first = draws(3, "batches", 0)
    after_numpy, after_torch = np.random.random(), torch.rand(())  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    torch.manual_seed(0)
    assert np.random.random() == after_numpy  # noqa: NPY002
    assert torch.rand(()) == after_torch
    assert draws(3, "batches", 0) == first


def test_streams_of_neighbouring_keys_are_uncorrelated():
    size = 20_000
    table = np.stack([keyed_generator(0, "views", 0, step).standard_normal(size) for step in range(8)])
    correlations = np.corrcoef(table)[np.triu_indices(8, 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(size)  # five standard deviations


def test_seeds_use_all_32_bits_without_collisions():
    seeds = {torch_seed(seed, "initialisation") for seed in range(2000)}
    assert len(seeds) == 2000
    assert max(seeds) > 2**31
