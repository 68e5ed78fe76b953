"""CKNNA against loops over an N x N matrix."""

import itertools
import math

import numpy as np
import pytest

from tests.measures import definitions
from tests.measures.pairs import pair, related
from twin_alignment.measures import cknna as module
from twin_alignment.measures import neighbours as neighbours_module
from twin_alignment.measures.cknna import cknna, cknna_of


def by_definition(x, y, count):
    kernels = [definitions.cosine_matrix(z) for z in (x, y)]
    masks = []
    for kernel in kernels:
        mask = np.zeros_like(kernel)
        for row, similarities in enumerate(kernel):
            others = [column for column in np.argsort(-similarities) if column != row]
            mask[row, others[:count]] = 1
        masks.append(mask)
    both = masks[0] * masks[1]
    cross = definitions.unbiased_hsic(both * kernels[0], both * kernels[1])
    sides = [
        definitions.unbiased_hsic(mask * kernel, mask * kernel) for mask, kernel in zip(masks, kernels, strict=True)
    ]
    return cross / math.sqrt(sides[0] * sides[1])


@pytest.mark.parametrize("chunk", [7, 1024])
@pytest.mark.parametrize(("n", "d", "count"), [(30, 5, 4), (41, 60, 10), (25, 2, 2)])
def test_the_value_is_that_of_masked_matrices(monkeypatch, chunk, n, d, count):
    for place in (module, neighbours_module):
        monkeypatch.setattr(place, "CHUNK", chunk)
    x, y = related(n, d)
    assert cknna(x, y, count).value == pytest.approx(by_definition(x, y, count), abs=1e-10)
    assert cknna(y, x, count).value == pytest.approx(by_definition(y, x, count), abs=1e-10)


def test_the_chance_level_is_that_of_orders_of_the_rows():
    x, y = related(7, 3, 3)
    found = cknna(x, y, 3)
    values = np.array([by_definition(x, y[list(order)], 3) for order in itertools.permutations(range(7))])
    assert found.null == pytest.approx(values.mean(), abs=4 * values.std() / 10)
    assert found.null_sd == pytest.approx(values.std(), rel=0.3)
    assert found.note == "chance level: 100 random orders"


def test_ties_count_by_their_chance_in_any_order_of_the_rows():
    classes, (x, _) = np.eye(4)[np.arange(24) % 4], related(24)
    order = np.random.default_rng(0).permutation(24)
    found, other = cknna(classes, x, 3), cknna(classes[order], x[order], 3)
    assert other.value == pytest.approx(found.value)
    assert found.note.startswith("24 of 24 rows have ties for their last neighbours, which count by their chance")
    assert cknna(classes, classes, 3).value == pytest.approx(1.0)


def test_neighbours_that_are_most_of_the_rows_have_no_alignment():
    x, y = related(6, 2, 2)
    found = cknna_of(pair(x, y))
    assert math.isnan(found.value) == math.isnan(found.low)
    with pytest.raises(ValueError, match="neighbours = 1: expected 2 to 5"):
        cknna(x, y, 1)
    with pytest.raises(ValueError, match="neighbours = 6: expected 2 to 5"):
        cknna(x, y, 6)
