"""Coherent forcing, against loops, finite differences and CKA itself."""

import itertools

import pytest
import torch
from torch import nn

import twin_alignment as ta
from pipeline.config.objectives import resolve
from pipeline.config.theory_settings import ForcingSettings
from pipeline.evaluate.gradient_forcing import Forcing, forced_objectives
from pipeline.models.empty import empty_network
from pipeline.train.loss_call import loss_function
from pipeline.train.stream import Stream
from pipeline.train.twin import initial_network
from twin_alignment.theory import coherent_forcing as forcing

SETTINGS = ForcingSettings(batches=4, images=40)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_norm_of_the_mean_is_estimated_from_pairs_of_different_batches():
    vectors = torch.randn(5, 7, generator=generator(), dtype=torch.float64)
    pairs = [float(a @ b) for a, b in itertools.permutations(vectors, 2)]
    found = forcing.mean_norm_squared(float(vectors.sum(0).square().sum()), float(vectors.square().sum()), 5)
    assert found == pytest.approx(sum(pairs) / len(pairs))


def test_it_has_no_bias_from_noise():
    """Mean of length 1, noise of length 10: |sum|^2 / n^2 would give 6 for n = 20."""
    mean = torch.zeros(100, dtype=torch.float64)
    mean[0] = 1.0
    found = []
    for seed in range(400):
        d = mean + torch.randn(20, 100, generator=generator(seed), dtype=torch.float64)
        found.append(forcing.mean_norm_squared(float(d.sum(0).square().sum()), float(d.square().sum()), 20))
    assert torch.tensor(found).mean() == pytest.approx(1.0, abs=4 * float(torch.tensor(found).std()) / 20)


def test_the_kernels_velocity_is_its_derivative():
    h, dh = (torch.randn(9, 4, generator=generator(seed), dtype=torch.float64) for seed in (0, 1))
    centring = torch.eye(9, dtype=torch.float64) - 1 / 9

    def kernel(size):
        u = nn.functional.normalize(h + size * dh, dim=1)
        return centring @ u @ u.T @ centring

    du = (nn.functional.normalize(h + 1e-5 * dh, dim=1) - nn.functional.normalize(h - 1e-5 * dh, dim=1)) / 2e-5
    found = forcing.kernel_velocity(nn.functional.normalize(h, dim=1), du)
    assert found == pytest.approx((kernel(1e-4) - kernel(-1e-4)) / 2e-4, abs=1e-6)


def test_cka_follows_from_the_turned_share():
    """Features of a kernel K + E with E orthogonal to K, compared by the library."""
    a = torch.randn(30, 6, generator=generator(), dtype=torch.float64)
    a = a - a.mean(0)
    b = torch.randn(30, 6, generator=generator(1), dtype=torch.float64)
    b = b - b.mean(0)
    k, m = a @ a.T, b @ b.T
    cka = ta.compare(a.numpy(), b.numpy())["cka_raw"].value
    e = m * (k * k).sum() / (k * m).sum() - k  # scaled so that its part along K is zero
    assert forcing.cka_after(forcing.turned_share(k, e, e)) == pytest.approx(cka)
    assert forcing.cka_after(forcing.turned_share(k, e, e), consistency=0.9) == pytest.approx(0.9 * cka)


@pytest.fixture(scope="module")
def measured(small_run, images, recipe):
    """Forcing of a network at its initialisation, and the network's weights."""
    objectives = [resolve(name) for name in ("nscl", "nscl_shuffled", "scl", "ce", "cl_perturbed", "cl_independent")]
    chosen = forced_objectives(small_run, objectives)
    assert [objective.name for objective in chosen] == ["nscl", "nscl_shuffled", "scl"]
    stream = Stream(small_run, images, recipe, [resolve("cl"), *chosen])
    weights = initial_network(small_run, resolve("cl"), images.channels, images.size, images.classes).state_dict()
    network = empty_network(small_run, images.channels, images.size)
    return Forcing(small_run, resolve("cl"), chosen, network, stream, images, None, SETTINGS), weights


def whole_gradient(run, network, batch, objective):
    """Of the objective's loss through the network in one backward pass."""
    network.train()
    z = [network(view) for view in (batch.view1, batch.view2)]
    options = {name: getattr(run, name) for name in objective.options}
    value = loss_function(objective)(*z, batch.labels_for(objective), run.temperature, **options)
    parameters = [p for p in network.parameters() if p.requires_grad]
    return torch.cat([g.flatten() for g in torch.autograd.grad(value, parameters)]).double()


def test_differences_of_gradients_are_those_of_whole_backward_passes(measured, small_run, images):
    found, weights = measured
    rows = {row.objective: row for row in found.advance(0, 0.0, weights)}
    network = empty_network(small_run, images.channels, images.size)
    network.load_state_dict(weights)
    for name, row in rows.items():
        cl, other = (
            torch.stack([whole_gradient(small_run, network, b["cl"], resolve(o)) for b in found.batches])
            for o in ("cl", name)
        )
        d = other - cl
        mean = sum(float(a @ b) for a, b in itertools.permutations(d, 2)) / 12
        assert row.difference == pytest.approx(mean, rel=1e-3, abs=1e-3 * float(d.square().sum(1).mean()))
        assert row.noise == pytest.approx(float(d.square().sum(1).mean()) - mean, rel=1e-3)
        assert row.forcing == 0.0  # nothing was trained yet
    assert rows["nscl"].mass == pytest.approx(rows["nscl"].largest_share, abs=0.1)  # an untrained network is blind


def test_a_network_is_left_with_the_weights_and_statistics_that_it_had(measured):
    found, weights = measured
    found.advance(0, 0.0, weights)
    assert all(torch.equal(found.network.state_dict()[name], value) for name, value in weights.items())


def test_the_displacement_adds_up_along_the_path(measured):
    """Two stretches of the path with one network: the displacement is linear in their length, its share quadratic."""
    found, weights = measured
    fresh = Forcing.__new__(Forcing)
    fresh.__dict__ = {**found.__dict__, "displacements": {}, "velocities": {}, "path_length": 0.0}
    fresh.advance(0, 0.0, weights)
    first, second = ({r.objective: r for r in fresh.advance(n, n / 10, weights)} for n in (1, 3))
    for name in first:
        assert second[name].forcing == pytest.approx(9 * first[name].forcing, rel=1e-3, abs=1e-12)
        assert first[name].forcing != 0


def test_too_few_batches_have_no_estimate():
    with pytest.raises(ValueError, match="expected two vectors or more, got 1"):
        forcing.mean_norm_squared(1.0, 1.0, 1)
