"""InfoNCE, spectral, VICReg and Barlow Twins against loops over their formulas, and what must not matter."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy, normalize

from pipeline.config.objectives import OBJECTIVES, resolve
from pipeline.config.references import load
from pipeline.train.loss_call import loss_function, reads_of
from pipeline.train.twin_training import train_twins

PAIRS = {name: f"{name}_supervised" for name in ("infonce", "spectral", "vicreg", "barlow")}
NAMES = [*PAIRS, *PAIRS.values()]
OF_ROWS = [name for name in NAMES if name.startswith(("infonce", "spectral"))]
OF_PROJECTIONS = [name for name in NAMES if name not in OF_ROWS]
LABELS = [0, 1, 0, 2, 0, 1, 3]  # classes of 3, 2, 1 and 1 images


def batch(name, size=7, dimension=4, seed=0):
    """Two views in float64: unit rows, or projections whose columns have standard deviations below and above 1."""
    z = torch.randn(2, size, dimension, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    if name in OF_ROWS:
        z1, z2 = normalize(z, dim=2)
        return z1, z2
    scales = torch.linspace(0.3, 2.5, dimension, dtype=torch.float64)
    return z[0] * scales + 0.7, (z[0] + z[1] / 3) * scales - 0.2


def loss(name, z1, z2, labels, temperature=0.3):
    return loss_function(resolve(name))(z1, z2, torch.as_tensor(labels), temperature)


def infonce_by_loops(z1, z2, labels, temperature):
    rows, names, size = [*z1, *z2], [*labels, *labels], len(labels)
    total = 0.0
    for a in range(2 * size):
        positive = math.exp(rows[a] @ rows[(a + size) % (2 * size)] / temperature)
        others = [b for b in range(2 * size) if b % size != a % size and names[b] != names[a]]
        below = positive + sum(math.exp(rows[a] @ rows[b] / temperature) for b in others)
        total -= math.log(positive / below)
    return total / (2 * size)


def spectral_by_loops(z1, z2, labels, _):
    rows, names, size = [*z1, *z2], [*labels, *labels], len(labels)
    total = -2 * sum(a @ b for a, b in zip(z1, z2, strict=True)) / size
    for a in range(2 * size):
        for b in range(2 * size):
            if a % size != b % size and names[a] != names[b]:
                total += (rows[a] @ rows[b]) ** 2 / (2 * size) / (2 * size - 2)
    return total


def pairs_by_loops(labels):
    """Yield (image, image, weight) of all pairs of one class; the weights of an image sum to 1 / B."""
    for i, own in enumerate(labels):
        partners = [j for j, other in enumerate(labels) if other == own]
        yield from ((i, j, 1 / len(partners) / len(labels)) for j in partners)


def covariance(a, b, divisor):
    return sum((x - sum(a) / len(a)) * (y - sum(b) / len(b)) for x, y in zip(a, b, strict=True)) / divisor


def vicreg_by_loops(z1, z2, labels, _):
    size, columns = z1.shape
    total = 25 * sum(
        weight * (z1[i, k] - z2[j, k]) ** 2 / columns for i, j, weight in pairs_by_loops(labels) for k in range(columns)
    )
    for z in (z1, z2):
        for j in range(columns):
            total += 12.5 * max(0, 1 - math.sqrt(covariance(z[:, j], z[:, j], size - 1) + 1e-4)) / columns
            others = [k for k in range(columns) if k != j]
            total += sum(covariance(z[:, j], z[:, k], size - 1) ** 2 for k in others) / columns
    return total


def barlow_by_loops(z1, z2, labels, _):
    """C over the stacked left and right rows of all pairs, as Balestriero and LeCun (2022) define it."""
    size, columns = z1.shape
    mean1, mean2 = z1.mean(0), z2.mean(0)
    total = 0.0
    for j in range(columns):
        for k in range(columns):
            c = sum(weight * (z1[a, j] - mean1[j]) * (z2[b, k] - mean2[k]) for a, b, weight in pairs_by_loops(labels))
            below = (covariance(z1[:, j], z1[:, j], size) + 1e-5) * (covariance(z2[:, k], z2[:, k], size) + 1e-5)
            c /= math.sqrt(below)
            total += (1 - c) ** 2 if j == k else 0.005 * c**2
    return total


BY_LOOPS = {"infonce": infonce_by_loops, "spectral": spectral_by_loops}
BY_LOOPS |= {"vicreg": vicreg_by_loops, "barlow": barlow_by_loops}


@pytest.mark.parametrize("temperature", [0.1, 2.0])
@pytest.mark.parametrize("name", NAMES)
def test_values_are_those_of_the_formulas(name, temperature):
    z1, z2 = batch(name)
    seen = LABELS if name.endswith("_supervised") else range(len(LABELS))
    expected = BY_LOOPS[name.removesuffix("_supervised")](z1.numpy(), z2.numpy(), list(seen), temperature)
    assert loss(name, z1, z2, LABELS, temperature).item() == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_those_of_the_values(name):
    inputs = [z.requires_grad_() for z in batch(name)]
    assert torch.autograd.gradcheck(lambda z1, z2: loss(name, z1, z2, LABELS), inputs)


@pytest.mark.parametrize(("name", "supervised"), PAIRS.items())
def test_with_a_class_for_each_image_the_supervised_form_is_the_self_supervised_one(name, supervised):
    z1, z2 = batch(name)
    distinct = torch.tensor([5, 3, 1, 0, 9, 2, 4])
    torch.testing.assert_close(loss(supervised, z1, z2, distinct), loss(name, z1, z2, LABELS), rtol=1e-12, atol=0)
    assert loss(supervised, z1, z2, LABELS) != loss(name, z1, z2, LABELS)


@pytest.mark.parametrize(("name", "of_project"), [("infonce", "cl"), ("infonce_supervised", "nscl")])
def test_infonce_is_the_released_form_whatever_the_settings_say(name, of_project):
    z1, z2 = batch(name)
    arguments = (z1, z2, torch.tensor(LABELS), 0.2)
    expected = loss_function(resolve(of_project))(*arguments, denominator="released_code", view_pairs="distinct")
    assert torch.equal(loss_function(resolve(name))(*arguments, denominator="paper", view_pairs="all"), expected)


def test_infonce_is_cross_entropy_over_the_other_rows():
    z1, z2 = batch("infonce")
    logits = (torch.cat([z1, z2]) @ torch.cat([z1, z2]).T / 0.3).fill_diagonal_(-torch.inf)
    torch.testing.assert_close(loss("infonce", z1, z2, LABELS), cross_entropy(logits, torch.arange(14).roll(7)))


def test_spectral_is_the_authors_loss_averaged_over_pairs_of_views():
    """Their second term compares view 1 with view 2, without the diagonal; here all four pairs of views."""
    views = batch("spectral")

    def second(a, b):
        squares = (a @ b.T).square()
        return (squares.triu(1) + squares.tril(-1)).mean() * len(a) / (len(a) - 1)

    first = -2 * (views[0] * views[1]).mean() * views[0].shape[1]
    expected = first + sum(second(a, b) for a in views for b in views) / 4
    torch.testing.assert_close(loss("spectral", *views, LABELS), expected)


@given(st.integers(2, 12), st.integers(1, 6), st.integers(0, 10**6))
def test_the_spectral_surrogate_is_lower_by_at_most_the_share_of_same_class_negatives(size, classes, seed):
    z1, z2 = batch("spectral", size, 3, seed)
    labels = torch.randint(classes, (size,), generator=torch.Generator().manual_seed(seed))
    share = ((labels[:, None] == labels[None]).sum().item() - size) / size / (size - 1)
    gap = (loss("spectral", z1, z2, labels) - loss("spectral_supervised", z1, z2, labels)).item()
    assert -1e-12 <= gap <= share + 1e-12


def test_barlow_reads_the_correlations_of_columns():
    z1, z2 = (1000 * z for z in batch("barlow"))  # so large that the added 1e-5 does not count
    c = np.corrcoef(z1.T, z2.T)[:4, 4:]
    expected = sum((1 - c[j, j]) ** 2 for j in range(4)) + 0.005 * sum(
        c[j, k] ** 2 for j, k in np.argwhere(~np.eye(4, dtype=bool))
    )
    assert loss("barlow", z1, z2, LABELS).item() == pytest.approx(expected, rel=1e-9)


def changed(name, z1, z2, labels):
    """Yield inputs that have the same loss."""
    order = torch.tensor([3, 0, 6, 1, 5, 2, 4])
    yield z1[order], z2[order], labels[order]
    yield z2, z1, labels
    yield z1, z2, 7 - labels  # other names of the classes
    if name in OF_ROWS:
        rotation, _ = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(1), dtype=z1.dtype))
        yield z1 @ rotation, z2 @ rotation, labels
        return
    columns, signs = torch.tensor([2, 0, 3, 1]), torch.tensor([1.0, -1.0, -1.0, 1.0])
    yield z1[:, columns] * signs, z2[:, columns] * signs, labels
    shift = torch.tensor([3.0, -2.0, 0.5, 10.0])
    yield z1 + shift, z2 + shift, labels
    if name.startswith("barlow"):
        yield z1 - shift, z2 + shift, labels


@pytest.mark.parametrize("name", NAMES)
def test_order_views_names_of_classes_and_coordinates_do_not_matter(name):
    z1, z2 = batch(name)
    usual = loss(name, z1, z2, LABELS)
    for inputs in changed(name, z1, z2, torch.tensor(LABELS)):
        torch.testing.assert_close(loss(name, *inputs), usual, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", OF_PROJECTIONS)
def test_it_reads_projections_whose_coordinates_matter(name):
    z1, z2 = batch(name)
    rotation, _ = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(1), dtype=z1.dtype))
    assert reads_of(OBJECTIVES[name]) == "projection"
    assert abs(loss(name, z1 @ rotation, z2 @ rotation, LABELS) - loss(name, z1, z2, LABELS)) > 1e-3


@pytest.mark.parametrize("name", OF_ROWS)
def test_processes_that_share_a_batch_average_to_the_whole(name):
    z1, z2 = batch(name, size=6)
    call, labels = loss_function(resolve(name)), torch.tensor(LABELS[:6])
    assert reads_of(OBJECTIVES[name]) == "z"
    shares = [call(z1, z2, labels, 0.3, slice(start, start + 2)) for start in (0, 2, 4)]
    assert shares[0] != shares[1]
    torch.testing.assert_close(sum(shares) / 3, call(z1, z2, labels, 0.3))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", ["random", "all equal", "no variance", "opposite"])
@pytest.mark.parametrize("labels", [[0, 0], [0, 1], [0, 0, 0, 0, 0]], ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_every_batch_has_a_finite_loss_and_gradient(name, labels, shape, dtype):
    z1, z2 = batch(name, len(labels))
    if shape == "all equal":
        z1, z2 = z1[:1].repeat(len(labels), 1), z1[:1].repeat(len(labels), 1)
    elif shape == "no variance":
        z1[:, 1] = z2[:, 1] = 0.25
    elif shape == "opposite":
        z2 = -z1
    z1, z2 = (z.to(dtype).requires_grad_() for z in (z1, z2))
    value = loss(name, z1, z2, labels)
    value.backward()
    assert value.dtype == torch.float32
    assert value.isfinite()
    assert z1.grad.isfinite().all()
    assert z2.grad.isfinite().all()


def test_a_batch_of_one_class_leaves_what_needs_no_negatives():
    one = [0] * 7
    assert loss("infonce_supervised", *batch("infonce"), one) == 0
    z1, z2 = batch("spectral")
    assert loss("spectral_supervised", z1, z2, one).item() == pytest.approx(-2 * (z1 * z2).sum().item() / 7)
    z1, z2 = batch("vicreg")
    far = sum((a - b).square().sum().item() for a in z1 for b in z2) / 7 / 7 / 4
    near = (z1 - z2).square().mean().item()
    gap = loss("vicreg_supervised", z1, z2, one) - loss("vicreg", z1, z2, one)
    assert gap.item() == pytest.approx(25 * (far - near))
    assert loss("barlow_supervised", *batch("barlow"), one).item() == pytest.approx(4)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("infonce")])
def test_a_single_image_is_refused(name):
    z = torch.ones(1, 4)
    with pytest.raises(ValueError, match="expected at least 2 images, got 1"):
        load(resolve(name).function)(z, z, torch.zeros(1), 0.5)


@pytest.mark.long
def test_twins_of_digits_learn(small_run, images, recipe, tmp_path):
    run = small_run.model_copy(update={"epochs": 12, "trust_coefficient": 0.02})
    objectives = [resolve(name) for name in NAMES]
    steps = train_twins(run, objectives, [], images, recipe, tmp_path / "run", tmp_path / "state.pt").steps
    for name in NAMES:
        course = np.array([row.loss for row in steps if row.objective == name])
        assert len(course) == 48
        assert np.isfinite(course).all()
        assert course[-8:].mean() < course[:8].mean(), name
