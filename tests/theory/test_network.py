import numpy as np
import pytest
import torch

from twin_alignment.theory.smoothness import largest_eigenvalue, surrogate_steps


@pytest.mark.parametrize("values", [[5.0, 1.0, 0.5], [-7.0, 3.0, 1.0]])
def test_the_power_iteration_finds_the_eigenvalue_of_largest_size(values):
    turn = torch.from_numpy(np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0])
    matrix = turn @ torch.diag(torch.tensor(values, dtype=torch.float64)) @ turn.T
    x = torch.ones(3, dtype=torch.float64, requires_grad=True)
    found = largest_eigenvalue(lambda: x @ matrix @ x / 2, [x], [torch.ones(3, dtype=torch.float64)], 60)
    assert found == pytest.approx(values[0])


def test_curvature_of_several_tensors_is_that_of_all_together():
    a, b = torch.tensor([1.0], requires_grad=True), torch.tensor([[2.0]], requires_grad=True)
    start = [torch.ones(1), torch.ones(1, 1)]
    found = largest_eigenvalue((a * a + b * b + 3 * a * b.squeeze(1)).sum, [a, b], start, 50)
    assert found == pytest.approx(max(np.linalg.eigvalsh([[2, 3], [3, 2]])), rel=1e-5)


def test_a_linear_loss_has_none():
    x = torch.ones(2, requires_grad=True)
    assert largest_eigenvalue((x * x * 0 + x).sum, [x], [torch.ones(2)], 5) == 0.0


def test_similarities_that_are_the_weights_follow_the_descent_exactly():
    start = torch.from_numpy(np.random.default_rng(1).uniform(-1, 1, size=(5, 5)))
    weights = start.clone().requires_grad_()
    rows = surrogate_steps(lambda: 1.0 * weights, [weights], rate=0.3, steps=4, temperature=0.5)
    assert [row.step for row in rows] == [1, 2, 3, 4]
    assert all(row.error == pytest.approx(0.0, abs=1e-12) for row in rows)
    assert all(row.cosine == pytest.approx(1.0) for row in rows)
    assert float((weights.detach() - start).norm()) == pytest.approx(rows[-1].moved)


def test_weights_with_a_geometry_of_their_own_do_not():
    start = torch.from_numpy(np.random.default_rng(2).normal(size=(6, 4)))
    weights = start.clone().requires_grad_()

    def similarities():
        unit = torch.nn.functional.normalize(weights, dim=1)
        return unit @ unit.T

    rows = surrogate_steps(similarities, [weights], rate=0.1, steps=3, temperature=0.5)
    assert all(row.error > 0.1 and row.cosine < 0.999 for row in rows)
