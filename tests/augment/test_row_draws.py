"""A row's random numbers follow from its key alone."""

import numpy as np
import pytest
import torch

from pipeline.augment.row_draws import RowGenerator, draw_rows
from twin_alignment.randomness import keyed_generator

CPU = torch.device("cpu")
METHODS = {
    "uniform": lambda g, *shape: g.uniform(*shape),
    "normal": lambda g, *shape: g.normal(*shape),
    "bernoulli": lambda g, *shape: g.bernoulli(0.3, *shape),
    "integers": lambda g, *shape: g.integers(7, *shape),
}


def keys(epoch=1, view=1, rows=2000):
    return draw_rows(keyed_generator(0, "views", epoch, view), rows)


def generator_of(draws):
    return RowGenerator(draws, lambda: torch.zeros(0), CPU)


@pytest.mark.parametrize("name", METHODS)
def test_a_row_draws_the_same_in_every_batch(name):
    draw, rows = METHODS[name], np.array([5, 900, 17, 5])
    for shape in ((), (3,), (2, 4)):
        whole, some = generator_of(keys()), generator_of(keys().take(rows))
        for _ in range(2):  # the second call too
            first = draw(whole, *shape)
            assert first.shape == (2000, *shape)
            assert torch.equal(draw(some, *shape), first[rows])
    longer = generator_of(keys(rows=2500))
    assert torch.equal(draw(longer, 3)[:2000], draw(generator_of(keys()), 3))


@pytest.mark.parametrize("name", METHODS)
def test_calls_rows_epochs_and_views_draw_independently(name):
    draw = METHODS[name]
    generator = generator_of(keys())
    drawn = [draw(generator, 8), draw(generator, 8)]  # two calls
    drawn += [draw(generator_of(keys(**other)), 8) for other in ({"epoch": 2}, {"view": 2})]
    drawn.append(drawn[0].roll(1, 0))  # other rows
    for number, first in enumerate(drawn):
        for second in drawn[:number]:
            correlation = np.corrcoef(first.flatten(), second.flatten())[0, 1]
            assert abs(correlation) < 5 / np.sqrt(first.numel())


def test_the_numbers_are_those_of_numpy():
    """By another way: a new generator of NumPy for every row."""
    draws = keys().take(np.array([3, 1999]))
    generator = generator_of(draws)
    uniform, normal, integers = generator.uniform(5), generator.normal(5), generator.integers(100, 5)
    for place, row in enumerate((3, 1999)):
        fresh = [
            np.random.Generator(np.random.Philox(key=draws.key, counter=np.array([0, 0, row, call], np.uint64)))
            for call in range(3)
        ]
        np.testing.assert_array_equal(uniform[place], fresh[0].random(5, np.float32))
        np.testing.assert_array_equal(normal[place], fresh[1].standard_normal(5, np.float32))
        np.testing.assert_array_equal(integers[place], fresh[2].integers(100, size=5))


def test_distributions_and_types():
    generator = generator_of(keys())
    uniform, normal, integers = generator.uniform(50), generator.normal(50), generator.integers(4, 50)
    assert (uniform.dtype, normal.dtype, integers.dtype) == (torch.float32, torch.float32, torch.int64)
    assert generator.bernoulli(0.5).dtype == torch.bool
    assert 0 <= uniform.min() <= uniform.max() < 1
    assert uniform.mean() == pytest.approx(0.5, abs=0.005)
    assert uniform.var() == pytest.approx(1 / 12, abs=0.002)
    assert normal.mean() == pytest.approx(0, abs=0.02)
    assert normal.var() == pytest.approx(1, abs=0.03)
    assert np.bincount(integers.flatten()) / integers.numel() == pytest.approx([0.25] * 4, abs=0.01)
    assert generator.bernoulli(0.3, 50).float().mean() == pytest.approx(0.3, abs=0.01)


def test_the_digest_has_key_and_rows():
    draws = keys()
    rows = np.array([1, 2])
    assert draws.take(rows).digest_bytes() == draws.take(rows.copy()).digest_bytes()
    others = (draws.take(rows[::-1]), draws.take(rows + 1), keys(epoch=2).take(rows), keys(view=2).take(rows))
    assert len({other.digest_bytes() for other in (draws.take(rows), *others)}) == 5
