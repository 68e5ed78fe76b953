"""Probes of frozen features: nearest class centre (NCCC) and linear probe (LP)."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from pipeline.config.probe_settings import ProbeSettings
from twin_alignment.measures.class_means import class_means


@dataclass(frozen=True)
class ProbeResult:
    """Test accuracy in percent; `converged` says whether the solver reached its tolerance."""

    accuracy: float
    converged: bool
    iterations: int


def probes(
    train: Tensor, train_labels: Tensor, test: Tensor, test_labels: Tensor, settings: ProbeSettings
) -> dict[str, ProbeResult]:
    """Run both probes, by their names in tables; arguments as of `linear_probe`."""
    data = train, train_labels, test, test_labels
    return {"nccc": nearest_class_centre(*data), "lp": linear_probe(*data, settings)}


def nearest_class_centre(train: Tensor, train_labels: Tensor, test: Tensor, test_labels: Tensor) -> ProbeResult:
    """Classify by the nearest class centre, the paper's NCCC.

    Centres are the class means of all training features; the distance is Euclidean.

    Args:
        train: features [N, d].
        train_labels: class of each row [N], any finite numbers.
        test: features [M, d].
        test_labels: class of each row [M]; one that is not among the training labels is never predicted.

    Returns:
        The accuracy; a row that is equally far from two centres counts for the class of the smaller label.

    Raises:
        ValueError: labels are not finite, or not one for each row.
    """
    train_labels, test_labels, classes = _classes(train, train_labels, test, test_labels)
    centres = class_means(train, train_labels, classes)
    # |x - c|^2 = |x|^2 - 2 x.c + |c|^2: the first term is the same for all centres
    scores = test.double() @ centres.T - centres.square().sum(1) / 2
    return ProbeResult(_accuracy(scores, test_labels), converged=True, iterations=0)


def linear_probe(
    train: Tensor, train_labels: Tensor, test: Tensor, test_labels: Tensor, settings: ProbeSettings
) -> ProbeResult:
    """Classify by a linear probe, the paper's LP, with the solver of the settings (see `ProbeSettings`).

    Args:
        train: features [N, d].
        train_labels: class of each row [N], any finite numbers.
        test: features [M, d].
        test_labels: class of each row [M]; one that is not among the training labels is never predicted.
        settings: solver, penalty and tolerance.

    Returns:
        The accuracy, and whether the solver converged.

    Raises:
        ValueError: labels are not finite, or not one for each row.
    """
    solve = _lbfgs if settings.solver == "lbfgs" else _released_code
    train_labels, test_labels, classes = _classes(train, train_labels, test, test_labels)
    return solve(train, train_labels, test, test_labels, classes, settings)


def _classes(train: Tensor, train_labels: Tensor, test: Tensor, test_labels: Tensor) -> tuple[Tensor, Tensor, int]:
    """Number the training classes from 0 (-1 for other labels), and count them."""
    for rows, labels in ((train, train_labels), (test, test_labels)):
        if labels.shape != rows.shape[:1]:
            raise ValueError(f"expected labels [{len(rows)}], one a row, got {list(labels.shape)}")
        if not labels.isfinite().all():
            row = int((~labels.isfinite()).nonzero()[0])
            raise ValueError(f"label {row}: expected a finite number, got {labels[row].item()}")
    names, index = train_labels.unique(return_inverse=True)
    places = torch.searchsorted(names, test_labels.to(names)).clamp_max(len(names) - 1)
    return index, torch.where(names[places] == test_labels, places, -1), len(names)


def _lbfgs(
    train: Tensor, train_labels: Tensor, test: Tensor, test_labels: Tensor, classes: int, settings: ProbeSettings
) -> ProbeResult:
    """Minimise mean cross-entropy + l2/2 ||W||^2 over W [C, d] and a free bias b [C].

    The problem is strictly convex in W, so that its solution does not depend on the solver. It has converged when no
    entry of the gradient exceeds `tolerance` in absolute value (scikit-learn's rule for the same problem). In float64,
    because the line search compares losses that agree in all digits of float32.
    """
    train, test = train.double(), test.double()
    mean, std = train.mean(0), train.std(0, correction=0)
    std = torch.where(std > 0, std, 1.0)  # a constant feature has no information and stays zero
    train, test = (train - mean) / std, (test - mean) / std
    weight = train.new_zeros(classes, train.shape[1]).requires_grad_()
    bias = train.new_zeros(classes).requires_grad_()
    solver = torch.optim.LBFGS(
        [weight, bias],
        max_iter=settings.max_iterations,
        max_eval=2 * settings.max_iterations,
        tolerance_grad=settings.tolerance,
        tolerance_change=0.0,  # only the gradient decides
        history_size=20,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        solver.zero_grad()
        value = F.cross_entropy(F.linear(train, weight, bias), train_labels)
        value = value + settings.l2 / 2 * weight.square().sum()
        value.backward()
        return value

    solver.step(closure)
    closure()
    assert weight.grad is not None
    assert bias.grad is not None
    largest = max(weight.grad.abs().max().item(), bias.grad.abs().max().item())
    iterations = int(solver.state[weight]["n_iter"])
    with torch.no_grad():
        accuracy = _accuracy(F.linear(test, weight, bias), test_labels)
    return ProbeResult(accuracy, largest <= settings.tolerance, iterations)


def _released_code(
    train: Tensor, train_labels: Tensor, test: Tensor, test_labels: Tensor, classes: int, settings: ProbeSettings
) -> ProbeResult:
    """Train 300 full-batch Adam steps at 3e-3 from zero weights, on raw features, without a bias."""
    steps = 300
    weight = torch.zeros(classes, train.shape[1], device=train.device, requires_grad=True)
    solver = torch.optim.Adam([weight], lr=3e-3)
    for _ in range(steps):
        solver.zero_grad()
        F.cross_entropy(F.linear(train, weight), train_labels).backward()
        solver.step()
    assert weight.grad is not None
    with torch.no_grad():
        accuracy = _accuracy(F.linear(test, weight), test_labels)
    return ProbeResult(accuracy, weight.grad.abs().max().item() <= settings.tolerance, steps)


def _accuracy(scores: Tensor, labels: Tensor) -> float:
    """Percentage of rows [M, C] whose largest score is that of their label."""
    return 100.0 * (scores.argmax(1) == labels).double().mean().item()
