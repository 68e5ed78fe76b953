import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestCentroid
from sklearn.preprocessing import StandardScaler

from pipeline.config.probe_settings import ProbeSettings
from pipeline.evaluate.probing import linear_probe, nearest_class_centre


@pytest.fixture
def task():
    """Overlapping Gaussian classes with very different scales per column, in a train and a test part."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(5, 12))
    labels = rng.integers(5, size=900)
    rows = (centres[labels] + 1.5 * rng.normal(size=(900, 12))) * np.logspace(-1, 1, 12) + 3
    rows, labels = torch.tensor(rows, dtype=torch.float32), torch.tensor(labels)
    return rows[:600], labels[:600], rows[600:], labels[600:]


def test_nearest_class_centre_is_scikit_learns(task):
    train, train_labels, test, test_labels = task
    reference = NearestCentroid().fit(train.numpy(), train_labels.numpy())
    expected = 100 * reference.score(test.numpy(), test_labels.numpy())
    assert nearest_class_centre(*task).accuracy == pytest.approx(expected)


@pytest.mark.parametrize("names", [[3, 7, 8, 20, 21], [-5, -1, 0, 2, 9], [10.5, 1.5, 0.25, 3.0, 2.0], [4, 3, 2, 1, 0]])
@pytest.mark.parametrize("probe", ["nccc", "lp", "released"])
def test_any_numbers_are_labels(task, names, probe):
    train, train_labels, test, test_labels = task
    function = {
        "nccc": nearest_class_centre,
        "lp": lambda *data: linear_probe(*data, ProbeSettings()),
        "released": lambda *data: linear_probe(*data, ProbeSettings(solver="released_code")),
    }[probe]
    classes = torch.tensor(names)
    found = function(train, classes[train_labels], test, classes[test_labels])
    assert found.accuracy == pytest.approx(function(*task).accuracy, abs=100 / len(test))


def test_a_class_without_a_training_row_is_never_predicted(task):
    train, train_labels, test, test_labels = task
    kept = train_labels != 2
    reference = NearestCentroid().fit(train[kept].numpy(), train_labels[kept].numpy())
    expected = 100 * reference.score(test.numpy(), test_labels.numpy())
    data = train[kept], train_labels[kept], test, test_labels
    assert nearest_class_centre(*data).accuracy == pytest.approx(expected)
    found = linear_probe(*data, ProbeSettings(l2=1e-1))
    scaler = StandardScaler().fit(train[kept].numpy())
    reference = LogisticRegression(C=1 / (len(data[0]) * 1e-1), tol=1e-8, max_iter=5000)
    reference.fit(scaler.transform(data[0].numpy()), data[1].numpy())
    expected = 100 * reference.score(scaler.transform(test.numpy()), test_labels.numpy())
    assert (found.converged, found.accuracy) == (True, pytest.approx(expected))


def test_other_labels_are_refused(task):
    train, train_labels, test, test_labels = task
    with pytest.raises(ValueError, match=r"expected labels \[600\], one a row, got \[599\]"):
        nearest_class_centre(train, train_labels[:-1], test, test_labels)
    bad = train_labels.double()
    bad[3] = torch.nan
    with pytest.raises(ValueError, match="label 3: expected a finite number, got nan"):
        nearest_class_centre(train, bad, test, test_labels)


def test_nearest_class_centre_keeps_its_digits_far_from_the_origin(task):
    train, train_labels, test, test_labels = task
    near = nearest_class_centre(train.double(), train_labels, test.double(), test_labels)
    far = nearest_class_centre(train.double() + 1e5, train_labels, test.double() + 1e5, test_labels)
    assert near == far


@pytest.mark.parametrize("l2", [1e-3, 1e-1])
def test_the_linear_probe_solves_scikit_learns_problem(task, l2):
    train, train_labels, test, test_labels = task
    scaler = StandardScaler().fit(train.numpy())
    # scikit-learn minimises C * sum of losses + ||W||^2 / 2, hence C = 1 / (N * l2)
    reference = LogisticRegression(C=1 / (len(train) * l2), tol=1e-8, max_iter=5000)
    reference.fit(scaler.transform(train.numpy()), train_labels.numpy())
    expected = 100 * reference.score(scaler.transform(test.numpy()), test_labels.numpy())
    found = linear_probe(*task, ProbeSettings(l2=l2, tolerance=1e-5))
    assert found.converged
    assert found.accuracy == pytest.approx(expected)


def test_the_linear_probe_does_not_depend_on_the_scale_of_a_feature(task):
    train, train_labels, test, test_labels = task
    scales = torch.logspace(-3, 3, train.shape[1])
    settings = ProbeSettings()
    scaled = linear_probe(train * scales, train_labels, test * scales, test_labels, settings)
    assert scaled.accuracy == linear_probe(*task, settings).accuracy


def test_too_few_iterations_are_reported_as_not_converged(task):
    assert not linear_probe(*task, ProbeSettings(max_iterations=2)).converged


def test_a_constant_feature_changes_nothing(task):
    train, train_labels, test, test_labels = task
    train, test = (torch.nn.functional.pad(rows, (0, 1), value=7.0) for rows in (train, test))
    padded = linear_probe(train, train_labels, test, test_labels, ProbeSettings())
    assert padded.accuracy == linear_probe(*task, ProbeSettings()).accuracy


def test_the_released_probe_is_three_hundred_adam_steps_from_zero(task):
    train, train_labels, test, test_labels = task
    weight = torch.zeros(5, train.shape[1], dtype=torch.float64)
    m, v = torch.zeros_like(weight), torch.zeros_like(weight)
    onehot = torch.nn.functional.one_hot(train_labels, 5).double()
    for t in range(1, 301):  # Adam (Kingma and Ba 2015, algorithm 1) with the gradient of softmax regression
        gradient = (torch.softmax(train.double() @ weight.T, 1) - onehot).T @ train.double() / len(train)
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        weight = weight - 3e-3 * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
    expected = 100 * ((test.double() @ weight.T).argmax(1) == test_labels).double().mean().item()
    found = linear_probe(*task, ProbeSettings(solver="released_code"))
    assert found.accuracy == pytest.approx(expected, abs=100 / len(test))  # one row may sit on the border
    assert found.iterations == 300
