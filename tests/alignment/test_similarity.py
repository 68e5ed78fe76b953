import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipeline.alignment.similarity import representation, similarity


def by_definition(a, b):
    """CKA and RSA from N x N matrices in float64, as PAPER and Kornblith et al. write them."""
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b)]
    s, t = (x @ x.T for x in unit)
    h = np.eye(len(a)) - 1 / len(a)
    x, y = h @ s @ h, h @ t @ h
    pairs = np.triu_indices(len(a), 1)
    cka = (x * y).sum() / np.linalg.norm(x) / np.linalg.norm(y)
    return cka, np.corrcoef(1 - s[pairs], 1 - t[pairs])[0, 1]


def measured(a, b):
    found = similarity(*(representation(torch.as_tensor(x), name) for x, name in ((a, "first"), (b, "second"))))
    return found.cka, found.rsa


@given(st.integers(3, 40), st.integers(1, 60), st.integers(1, 60), st.integers(0, 10**6), st.floats(0, 5))
def test_feature_space_sums_equal_the_definitions(n, d, e, seed, shift):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(n, d + 1)) + shift
    b = a[:, :1] @ rng.normal(size=(1, e + 1)) + rng.normal(size=(n, e + 1))
    assert measured(a, b) == pytest.approx(by_definition(a, b), abs=1e-9)


def test_cosines_within_a_millionth_of_one_keep_their_digits():
    rng = np.random.default_rng(0)
    a = 1 + 7e-4 * rng.normal(size=(300, 20))
    b = 1 + 7e-4 * (a[:, :15] + rng.normal(size=(300, 15)))
    assert 1 - (a[0] @ a[1]) / np.linalg.norm(a[0]) / np.linalg.norm(a[1]) < 1e-6
    # the definition loses digits itself in float64: it is computed in extended precision
    assert measured(a, b) == pytest.approx(by_definition_extended(a, b), abs=1e-8)


def by_definition_extended(a, b):
    values = []
    a, b = a.astype(np.longdouble), b.astype(np.longdouble)
    unit = [x / np.sqrt((x * x).sum(1, keepdims=True)) for x in (a, b)]
    s, t = ((x[:, None] * x[None]).sum(-1) for x in unit)
    for centre in ("double", "pairs"):
        if centre == "double":
            x, y = (m - m.mean(0) - m.mean(1, keepdims=True) + m.mean() for m in (s, t))
        else:
            pairs = np.triu_indices(len(a), 1)
            x, y = (m[pairs] - m[pairs].mean() for m in (s, t))
        values.append(float((x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum())))
    return tuple(values)


def test_rotation_scale_and_row_order_do_not_matter():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(50, 8)) + 1, rng.normal(size=(50, 6))
    rotation, _ = np.linalg.qr(rng.normal(size=(8, 8)))
    order = rng.permutation(50)
    scales = rng.uniform(0.1, 10, size=(50, 1))
    for changed in ((a @ rotation, b), (a * scales, b), (a[order], b[order])):
        assert measured(*changed) == pytest.approx(measured(a, b), abs=1e-10)
    assert measured(a, 3 * a @ rotation) == pytest.approx((1, 1))


def test_two_rows_and_opposite_structures_stay_in_range():
    rng = np.random.default_rng(2)
    a = rng.normal(size=(2, 3))
    with pytest.raises(ValueError, match="RSA is not defined"):  # a single pair has no variance
        measured(a, rng.normal(size=(2, 3)))
    triangle = np.array([[1, 0], [1, 0.1], [0, 1.0]])
    moved = np.array([[1, 0], [0, 1.0], [1, 0.1]])
    cka, rsa = measured(triangle, moved)
    assert 0 <= cka <= 1
    assert -1 <= rsa < 0


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.array([[1.0, 2], [0, 0], [1, 1]]), "other: row 1 is zero"),
        (np.array([[1.0, 2], [1, np.nan], [1, 1]]), "other: row 1 is zero or not finite"),
        (np.array([[1.0, 2], [np.inf, 0], [1, 1]]), "other: row 1 is zero or not finite"),
        (np.ones((1, 3)), "at least 2 rows"),
        (np.ones(3), "at least 2 rows"),
    ],
)
def test_rows_without_a_direction_are_refused(rows, message):
    with pytest.raises(ValueError, match=message):
        representation(torch.as_tensor(rows), "other")


def test_equal_rows_and_different_numbers_of_rows_are_refused():
    rng = np.random.default_rng(3)
    constant, varied = np.tile([1.0, 2.0, 2.0], (5, 1)), rng.normal(size=(5, 3))
    with pytest.raises(ValueError, match="not defined"):
        measured(constant, varied)
    with pytest.raises(ValueError, match="5 rows and second has 4"):
        measured(varied, varied[:4])
