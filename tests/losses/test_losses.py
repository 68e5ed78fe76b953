"""The objectives against plain loops over the formulas, an independent library, and what must not matter."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_metric_learning.losses import NTXentLoss, SupConLoss
from torch._subclasses.fake_tensor import FakeTensorMode

from pipeline.config.base import SettingsError
from pipeline.config.objectives import OBJECTIVES, resolve
from pipeline.train.loss_call import loss_function
from twin_alignment.losses.contrastive import partly_supervised, same_class_mass

CONTRASTIVE = ("cl", "nscl", "scl", "nscl_partial_75")


def loss(name, z1, z2, labels, temperature, denominator="paper", view_pairs="distinct"):
    options = {"denominator": denominator, "view_pairs": view_pairs}
    return loss_function(resolve(name))(z1, z2, labels, temperature, **options)


FORMS = [(d, p) for d in ("paper", "released_code") for p in ("distinct", "all")]


def batch(size, dimension, classes, seed, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(2, size, dimension, generator=generator, dtype=torch.float64)
    z1, z2 = torch.nn.functional.normalize(z, dim=-1).to(dtype)
    return z1, z2, torch.randint(classes, (size,), generator=generator)


def by_loops(name, z1, z2, labels, temperature, denominator, view_pairs):
    """Straight from the formulas, term by term, in the inputs' precision; differentiable."""
    views, size = (z1, z2), len(labels)

    def e(v, i, w, j):
        return torch.exp(views[v][i] @ views[w][j] / temperature)

    total = torch.zeros((), dtype=z1.dtype)
    for i in range(size):
        for v in (0, 1):
            if name == "scl":
                others = [(w, j) for w in (0, 1) for j in range(size) if (w, j) != (v, i)]
                below = sum(e(v, i, w, j) for w, j in others)
                positives = [(w, j) for w, j in others if labels[j] == labels[i]]
                total -= sum(torch.log(e(v, i, w, j) / below) for w, j in positives) / len(positives)
                continue
            left = {"cl": 1.0, "nscl": 0.0, "nscl_partial_25": 0.75, "nscl_partial_50": 0.5, "nscl_partial_75": 0.25}[
                name
            ]
            weights = {j: left if labels[j] == labels[i] else 1.0 for j in range(size) if j != i}
            if not any(weights.values()):
                continue  # no negative: nothing to be told apart from
            negatives = sum(weight * e(v, i, w, j) for w in (0, 1) for j, weight in weights.items())
            for w in (0, 1) if view_pairs == "all" else (1 - v,):
                below = negatives + (e(v, i, w, i) if denominator == "released_code" else 0)
                total -= torch.log(e(v, i, w, i) / below) / (2 if view_pairs == "all" else 1)
    return total / (2 * size)


def along_the_sphere(z):
    """Gradient without its part along the unit rows, which no network sees and where sim(z, z) = 1 is not constant."""
    rows, gradient = z.detach().double(), z.grad.double()
    return gradient - (gradient * rows).sum(1, keepdim=True) * rows


@pytest.mark.parametrize(("denominator", "view_pairs"), FORMS)
@pytest.mark.parametrize("name", CONTRASTIVE)
@pytest.mark.parametrize(("classes", "temperature"), [(3, 0.5), (20, 0.1), (1, 0.7), (2, 5.0)])
def test_values_and_gradients_are_those_of_the_formulas(name, denominator, view_pairs, classes, temperature):
    z1, z2, labels = batch(7, 5, classes, seed=classes)
    leaves = [z.clone().requires_grad_() for z in (z1, z2)]
    expected = by_loops(name, *leaves, labels, temperature, denominator, view_pairs)
    singles = [z.float().requires_grad_() for z in (z1, z2)]
    found = loss(name, *singles, labels, temperature, denominator, view_pairs)
    assert found.item() == pytest.approx(expected.item(), abs=2e-5)
    if expected.requires_grad:
        expected.backward()
        found.backward()
        for ours, theirs in zip(singles, leaves, strict=True):
            torch.testing.assert_close(along_the_sphere(ours), along_the_sphere(theirs), atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("name", CONTRASTIVE)
def test_double_precision_is_kept(name):
    z1, z2, labels = batch(7, 5, 3, seed=1)
    expected = by_loops(name, z1, z2, labels, 0.3, "paper", "distinct").item()
    found = loss(name, z1, z2, labels, 0.3)
    assert found.dtype == torch.float64
    assert found.item() == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_the_released_contrastive_loss_is_nt_xent(temperature):
    z1, z2, _ = batch(16, 8, 4, seed=0, dtype=torch.float32)
    images = torch.arange(16).repeat(2)
    expected = NTXentLoss(temperature=temperature)(torch.cat([z1, z2]), images)
    found = loss("cl", z1, z2, images[:16], temperature, "released_code")
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_the_supervised_contrastive_loss_is_supcon(temperature):
    z1, z2, labels = batch(16, 8, 4, seed=1, dtype=torch.float32)
    expected = SupConLoss(temperature=temperature)(torch.cat([z1, z2]), labels.repeat(2))
    torch.testing.assert_close(loss("scl", z1, z2, labels, temperature), expected)


def test_cross_entropy_is_the_mean_over_both_views():
    logits1, logits2 = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(5))
    labels = torch.tensor([0, 1, 2, 3, 0, 1])
    rows = [*zip(logits1, labels, strict=True), *zip(logits2, labels, strict=True)]
    expected = sum(-math.log(torch.softmax(row.double(), 0)[label]) for row, label in rows)
    assert loss("ce", logits1, logits2, labels, 0.5).item() == pytest.approx(expected / 12, rel=1e-5)


@given(st.integers(2, 30), st.integers(1, 6), st.floats(0.05, 10), st.integers(0, 10**6))
def test_the_predecessors_inequality_holds_in_every_batch(size, classes, temperature, seed):
    """L_NSCL <= L_CL <= L_NSCL + log(1 + n_max e^{2/tau} / (N - n_max)), within a batch: n_max of its N images."""
    z1, z2, labels = batch(size, 6, classes, seed)
    largest = int(labels.bincount().max())
    if largest == size:
        return
    cl, nscl = (loss(name, z1, z2, labels, temperature).item() for name in ("cl", "nscl"))
    gap = math.log1p(largest * math.exp(2 / temperature) / (size - largest))
    assert nscl - 1e-4 <= cl <= nscl + gap + 1e-4


@pytest.mark.parametrize(("denominator", "view_pairs"), FORMS)
@pytest.mark.parametrize("name", CONTRASTIVE)
def test_order_views_and_rotation_do_not_matter(name, denominator, view_pairs):
    z1, z2, labels = batch(12, 6, 3, seed=2, dtype=torch.float32)
    usual = loss(name, z1, z2, labels, 0.2, denominator, view_pairs)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(0))
    rotation, _ = torch.linalg.qr(torch.randn(6, 6, generator=torch.Generator().manual_seed(1)))
    for changed in ((z1[order], z2[order], labels[order]), (z2, z1, labels), (z1 @ rotation, z2 @ rotation, labels)):
        torch.testing.assert_close(loss(name, *changed, 0.2, denominator, view_pairs), usual, rtol=1e-5, atol=1e-5)


@settings(max_examples=150)
@given(
    st.sampled_from(CONTRASTIVE),
    st.sampled_from(FORMS),
    st.floats(0.01, 10),
    st.sampled_from([2, 3, 17]),
    st.sampled_from([1, 2, 40]),
    st.sampled_from([torch.float32, torch.float16, torch.bfloat16]),
    st.sampled_from(["random", "all equal", "opposite", "pairs equal"]),
)
def test_every_batch_has_a_finite_loss_and_gradient(name, form, temperature, size, classes, dtype, shape):
    z1, z2, labels = batch(size, 4, classes, seed=size, dtype=dtype)
    if shape == "all equal":
        z1, z2 = z1[:1].repeat(size, 1), z1[:1].repeat(size, 1)
    elif shape == "opposite":
        z2 = -z1
    elif shape == "pairs equal":
        z2 = z1.clone()
    z1, z2 = z1.requires_grad_(), z2.requires_grad_()
    value = loss(name, z1, z2, labels, temperature, *form)
    value.backward()
    assert value.dtype == torch.float32
    assert value.isfinite()
    assert z1.grad.isfinite().all()
    assert z2.grad.isfinite().all()


@pytest.mark.parametrize(("denominator", "view_pairs"), FORMS)
def test_a_batch_of_one_class_teaches_nscl_nothing(denominator, view_pairs):
    z1, z2, _ = batch(5, 4, 1, seed=3, dtype=torch.float32)
    z1.requires_grad_()
    value = loss("nscl", z1, z2, torch.zeros(5, dtype=torch.long), 0.5, denominator, view_pairs)
    value.backward()
    assert value.item() == 0
    assert (z1.grad == 0).all()


@pytest.mark.parametrize(("denominator", "view_pairs"), FORMS)
@pytest.mark.parametrize("percent", [25, 50, 75])
def test_a_dose_is_the_weighted_sum_term_by_term(percent, denominator, view_pairs):
    z1, z2, labels = batch(9, 5, 3, seed=percent)
    expected = by_loops(f"nscl_partial_{percent}", z1, z2, labels, 0.3, denominator, view_pairs).item()
    for name in (f"nscl_partial_{percent}", f"nscl_shuffled_partial_{percent}"):
        assert loss(name, z1, z2, labels, 0.3, denominator, view_pairs).item() == pytest.approx(expected, rel=1e-13)


@given(st.integers(2, 20), st.integers(1, 6), st.floats(0.05, 10), st.sampled_from(FORMS), st.integers(0, 10**6))
def test_no_dose_is_cl_the_whole_is_nscl_and_more_lies_between(size, classes, temperature, form, seed):
    z1, z2, labels = batch(size, 6, classes, seed, dtype=torch.float32)

    def dosed(dropped):
        objective = resolve("nscl_partial_50").model_copy(update={"same_class_negative_dropout": dropped})
        options = dict(zip(("denominator", "view_pairs"), form, strict=True))
        return loss_function(objective)(z1, z2, labels, temperature, **options)

    assert torch.equal(dosed(0.0), loss("cl", z1, z2, labels, temperature, *form))
    assert torch.equal(dosed(1.0), loss("nscl", z1, z2, labels, temperature, *form))
    course = [dosed(dropped).item() for dropped in (0.0, 0.25, 0.5, 0.75)]
    assert all(after <= before + 1e-5 for before, after in itertools.pairwise(course))  # fewer negatives, lower loss


def test_a_dose_is_the_expected_sum_of_negatives_dropped_by_chance():
    """Each same-class negative left out with probability 1/2: the mean partition over all ways to draw them."""
    z1, z2, labels = batch(3, 4, 1, seed=5)
    rows = torch.cat([z1, z2])
    means = []
    for i in range(6):
        weights = [torch.exp(rows[i] @ rows[j] / 0.4).item() for j in range(6) if j % 3 != i % 3]
        drawn = [
            sum(w for w, kept in zip(weights, keep, strict=True) if kept)
            for keep in itertools.product((0, 1), repeat=4)
        ]
        means.append(math.log(sum(drawn) / 16) - (rows[i] @ rows[(i + 3) % 6]).item() / 0.4)
    assert loss("nscl_partial_50", z1, z2, labels, 0.4).item() == pytest.approx(sum(means) / 6, rel=1e-13)


@pytest.mark.parametrize("dropped", [-0.1, 1.1, float("nan")])
def test_a_dose_out_of_range_is_refused(dropped):
    with pytest.raises(ValueError, match=f"dropped = {dropped}: allowed is 0 to 1"):
        partly_supervised(Z, Z, LABELS, 0.5, dropped)


def test_autocast_does_not_lower_the_precision():
    z1, z2, labels = batch(64, 32, 5, seed=4, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        inside = loss("cl", z1, z2, labels, 0.1)
    assert inside.item() == loss("cl", z1, z2, labels, 0.1).item()


@pytest.mark.parametrize(("denominator", "view_pairs"), FORMS)
@pytest.mark.parametrize("name", OBJECTIVES)
def test_no_value_decides_what_is_computed(name, denominator, view_pairs):
    """Tensors without values raise where a value is read, which on an accelerator is a wait for the device."""
    with FakeTensorMode():
        z1, z2 = (torch.empty(6, 4, requires_grad=True) for _ in range(2))
        value = loss(name, z1, z2, torch.empty(6, dtype=torch.long), 0.5, denominator, view_pairs)
        value.backward()
    assert value.shape == ()
    assert z1.grad.shape == z2.grad.shape == (6, 4)


Z = torch.nn.functional.normalize(torch.ones(4, 3), dim=1)
LABELS = torch.zeros(4, dtype=torch.long)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cl", Z, Z[:3], LABELS, 0.5), r"z2 \(3, 3\)"),
        (("cl", Z, Z, LABELS[:3], 0.5), r"labels \(3,\)"),
        (("cl", Z[0], Z[0], LABELS[:3], 0.5), r"z1 \(3,\)"),
        (("cl", Z[:1], Z[:1], LABELS[:1], 0.5), "a batch of at least 2 images.*got 1"),
        (("cl", Z, Z, LABELS, 0.0), "temperature: expected a positive number, got 0.0"),
        (("cl", Z, Z, LABELS, float("nan")), "temperature: expected a positive number, got nan"),
        (("cl", Z, Z, LABELS, 0.5, "other"), "denominator = 'other'"),
        (("cl", Z, Z, LABELS, 0.5, "paper", "some"), "view_pairs = 'some'"),
    ],
)
def test_wrong_arguments_are_named_with_what_is_allowed(arguments, message):
    with pytest.raises(ValueError, match=message):
        loss(*arguments)


def test_an_objective_of_ones_own_is_a_function_in_a_file(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(
        "def pull(z1, z2, labels, temperature):\n    return -(z1 * z2).sum() / temperature\n"
    )
    monkeypatch.chdir(tmp_path)
    z1, z2, labels = batch(6, 4, 2, seed=0, dtype=torch.float32)
    assert resolve("mine.py:pull").name == "mine.pull"
    expected = -sum(float(a @ b) for a, b in zip(z1, z2, strict=True)) / 0.5
    assert loss("mine.py:pull", z1, z2, labels, 0.5).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("simclr", "expected one of cl, nscl, scl, ce, .*or FILE.py:FUNCTION, got 'simclr'"),
        ("absent.py:loss", r"there is no file absent\.py"),
        ("mine.py:push", r"mine\.py has no function 'push', it has: pull"),
        ("broken.py:pull", r"broken\.py is not Python"),
    ],
)
def test_an_objective_that_is_not_there_is_named(reference, message, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("def pull(z1, z2, labels, temperature):\n    return z1.sum()\n")
    (tmp_path / "broken.py").write_text("def pull(:\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=message):
        resolve(reference)


def test_an_objective_without_labels_is_given_none():
    z1, z2, labels = batch(6, 4, 2, seed=0, dtype=torch.float32)
    blind = resolve("nscl").model_copy(update={"labels": "none"})
    with pytest.raises(TypeError, match="NoneType"):  # NSCL reads them
        loss_function(blind)(z1, z2, labels, 0.5)


def test_the_same_class_mass_is_the_softmax_given_to_ones_own_class():
    rng = np.random.default_rng(3)
    z = rng.normal(size=(2, 6, 4))
    z /= np.linalg.norm(z, axis=2, keepdims=True)
    labels = [0, 1, 0, 2, 1, 0]
    found = same_class_mass(*(torch.from_numpy(view).float() for view in z), torch.tensor(labels), 0.3)
    rows, names = z.reshape(12, 4), labels * 2
    for i in range(12):
        others = [j for j in range(12) if j % 6 != i % 6]
        weights = {j: math.exp(rows[i] @ rows[j] / 0.3) for j in others}
        expected = sum(w for j, w in weights.items() if names[j] == names[i]) / sum(weights.values())
        assert found[i].item() == pytest.approx(expected, rel=1e-5)


def test_the_gradients_of_cl_and_nscl_differ_by_twice_the_same_class_mass():
    """|p - p~|_1 = 2 q, read off the gradients in the similarities by autograd."""
    torch.manual_seed(0)
    z1, z2 = (torch.nn.functional.normalize(torch.randn(5, 8, dtype=torch.float64), dim=1) for _ in range(2))
    labels = torch.tensor([0, 0, 1, 2, 1])
    names = labels.repeat(2)
    similarities = (torch.cat([z1, z2]) @ torch.cat([z1, z2]).T).requires_grad_()
    own = torch.arange(5).repeat(2)[:, None] == torch.arange(5).repeat(2)[None]
    gradients = []
    for excluded in (own, names[:, None] == names[None]):
        value = (similarities / 0.5).masked_fill(excluded, -torch.inf).logsumexp(1).sum()
        gradients.append(torch.autograd.grad(value, similarities)[0] * 0.5)
    expected = (gradients[0] - gradients[1]).abs().sum(1) / 2
    torch.testing.assert_close(same_class_mass(z1, z2, labels, 0.5).double(), expected, rtol=1e-5, atol=1e-6)
