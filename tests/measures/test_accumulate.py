import itertools

import numpy as np
import pytest
import torch

from twin_alignment.measures.feature_set import FeatureSet, Pair
from twin_alignment.measures.streaming import Accumulator

NAMES = ("cl", "nscl", "ce")


def features(n=57, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 5))
    return {
        name: torch.from_numpy(x @ rng.normal(size=(5, d)) + rng.normal(size=(n, d)) + 1.0)
        for name, d in zip(NAMES, (5, 7, 3), strict=True)
    }


def streamed(rows, size):
    total = Accumulator(NAMES)
    n = len(rows[NAMES[0]])
    for start in range(0, n, size):
        total.update({name: part[start : start + size] for name, part in rows.items()})
    return total


@pytest.mark.parametrize("size", [1, 10, 57])
def test_one_pass_over_batches_is_the_whole(size):
    rows = features()
    total = streamed(rows, size)
    for pair in itertools.permutations(NAMES, 2):
        whole = Pair(*(FeatureSet(rows[name], name) for name in pair)).similarity
        found = total.similarity(*pair)
        for measure in ("cka", "rsa", "rho", "r"):
            assert getattr(found, measure) == pytest.approx(getattr(whole, measure), rel=1e-9)


def test_a_first_batch_unlike_the_rest_and_cosines_almost_equal_keep_their_digits():
    rows = {name: 1e-4 * part + torch.linspace(1, 2, part.shape[1]) for name, part in features(200).items()}
    rows = {name: torch.cat([part[:5] + 1e-2, part[5:]]) for name, part in rows.items()}
    total = streamed(rows, 5)
    whole = Pair(FeatureSet(rows["cl"], "cl"), FeatureSet(rows["ce"], "ce")).similarity
    assert total.similarity("cl", "ce").rsa == pytest.approx(whole.rsa, rel=1e-6)
    assert total.similarity("cl", "ce").cka == pytest.approx(whole.cka, rel=1e-6)


def test_memory_does_not_grow_with_the_rows():
    total = streamed(features(500), 50)
    held = sum(t.numel() for part in (total._shifts, total._sums, total._products) for t in part.values())
    assert held == 2 * (5 + 7 + 3) + 25 + 49 + 9 + 35 + 15 + 21


def test_what_cannot_be_compared_is_refused():
    rows = features()
    with pytest.raises(ValueError, match="same inputs"):
        Accumulator(NAMES).update({**rows, "ce": rows["ce"][:-1]})
    bad = {**rows, "ce": rows["ce"].clone()}
    bad["ce"][4] = torch.nan
    total = streamed(rows, 57)
    with pytest.raises(ValueError, match="ce: row 61 is zero or not finite"):
        total.update(bad)
    with pytest.raises(ValueError, match="0 rows, expected at least 2"):
        Accumulator(NAMES).similarity("cl", "ce")
    for wrong in (("cl", "cf"), ("cf", "cl"), ("cf", "cf")):
        with pytest.raises(ValueError, match="cf: expected one of cl, nscl, ce"):
            total.similarity(*wrong)
    with pytest.raises(ValueError, match="a batch has no ce: expected all of cl, nscl, ce"):
        total.update({"cl": rows["cl"], "nscl": rows["nscl"]})
    with pytest.raises(ValueError, match=r"ce: a batch of shape \(57, 5\), expected \[rows, 3\]"):
        total.update({**rows, "ce": rows["cl"]})
    with pytest.raises(ValueError, match=r"ce: a batch of shape \(57,\), expected \[rows, d\]"):
        Accumulator(NAMES).update({**rows, "ce": rows["ce"][:, 0]})
    for names in ((), ("a", "b", "a")):
        with pytest.raises(ValueError, match="expected one or more, each once"):
            Accumulator(names)
    same = Accumulator(("a", "b"))
    same.update({"a": torch.ones(9, 2), "b": torch.rand(9, 2)})
    with pytest.raises(ValueError, match="a: all similarities are equal"):
        same.similarity("a", "b")
