import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from pipeline.config.training_settings import TrainingSettings
from pipeline.models.network import Network, ProjectionHead, build_encoder
from pipeline.train.lars import LARS, parameter_groups

SHAPES = [(5, 4), (3, 2, 3, 3), (7,), (1,)]


def parameters(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.nn.Parameter(torch.randn(shape, generator=generator, dtype=torch.float64)) for shape in SHAPES]


def set_gradients(weights, step):
    generator = torch.Generator().manual_seed(100 + step)
    for p in weights:
        p.grad = torch.randn(p.shape, generator=generator, dtype=p.dtype)


def steps(optimiser, weights, number):
    for step in range(number):
        set_gradients(weights, step)
        optimiser.step()


def test_fifty_steps_are_those_of_timm():
    import timm.optim  # after twin_alignment.torchvision_shim: it imports torchvision

    ours, theirs = parameters(), parameters()
    mine = LARS(ours, lr=0.3, momentum=0.9, weight_decay=1e-3, trust_coefficient=1e-2)
    reference = timm.optim.Lars(
        theirs, lr=0.3, momentum=0.9, weight_decay=1e-3, trust_coeff=1e-2, eps=0.0, always_adapt=True
    )
    steps(mine, ours, 50)
    steps(reference, theirs, 50)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("exclude", ["bias_and_norm", "none"])
def test_groups_follow_the_rule_written_as_a_loop(exclude):
    class Small(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(
                torch.randn(4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
            )
            self.scale = torch.nn.Parameter(torch.ones(5, dtype=torch.float64))
            self.bias = torch.nn.Parameter(torch.zeros(4, dtype=torch.float64))

    module = Small()
    values = {name: p.detach().numpy().copy() for name, p in module.named_parameters()}
    velocities = {name: np.zeros_like(value) for name, value in values.items()}
    optimiser = LARS(parameter_groups(module, exclude), lr=0.2, momentum=0.8, weight_decay=1e-2, trust_coefficient=5e-2)
    for step in range(20):
        set_gradients(list(module.parameters()), step)
        optimiser.step()
        for name, p in module.named_parameters():
            g, w = p.grad.numpy(), values[name]
            if exclude == "none" or name == "weight":
                size = np.linalg.norm(w)
                g = (
                    (g + 1e-2 * w) * 5e-2 * size / (np.linalg.norm(g) + 1e-2 * size)
                )  # 0 for w = 0, as in the released code
            velocities[name] = 0.8 * velocities[name] + g
            values[name] = w - 0.2 * velocities[name]
    for name, p in module.named_parameters():
        np.testing.assert_allclose(p.detach().numpy(), values[name], rtol=1e-10, atol=1e-12)
    assert (module.bias == 0).all() == (exclude == "none")


@pytest.mark.parametrize("zero_norm_scale", [0.0, 1.0])
def test_zero_weights_and_zero_gradients_stay_finite(zero_norm_scale):
    weight = torch.nn.Parameter(torch.zeros(3))
    still = torch.nn.Parameter(torch.ones(3))
    optimiser = LARS([{"params": [weight, still], "zero_norm_scale": zero_norm_scale}], lr=1.0, weight_decay=0.0)
    weight.grad, still.grad = torch.ones(3), torch.zeros(3)
    optimiser.step()
    assert torch.equal(weight, torch.full((3,), -zero_norm_scale))
    assert torch.equal(still, torch.ones(3))


def test_parameters_without_gradient_do_not_move():
    weights = parameters()
    before = [p.detach().clone() for p in weights]
    optimiser = LARS(weights, lr=1.0)
    set_gradients(weights, 0)
    weights[1].grad = None
    optimiser.step()
    moved = [not torch.equal(p, b) for p, b in zip(weights, before, strict=True)]
    assert moved == [True, False, True, True]


def test_every_trained_parameter_of_a_network_is_in_one_group():
    network = Network(
        build_encoder(TrainingSettings(encoder="resnet10", width=4), 1, (8, 8)), ProjectionHead(32, 8), None, "features"
    )
    matrices, vectors = (group["params"] for group in parameter_groups(network, "bias_and_norm"))
    assert {p.ndim for p in matrices} == {2, 4}
    assert {p.ndim for p in vectors} == {1}
    grouped = [id(p) for p in (*matrices, *vectors)]
    assert sorted(grouped) == sorted(id(p) for p in network.parameters() if p.requires_grad)
    assert id(network.projection_head[4].bias) not in grouped
    (everything,) = parameter_groups(network, "none")
    assert sorted(id(p) for p in everything["params"]) == sorted(grouped)


def test_an_unknown_exclusion_is_refused():
    with pytest.raises(ValueError, match="lars_exclude: expected bias_and_norm or none, got 'some'"):
        parameter_groups(torch.nn.Linear(2, 2), "some")


class _Operations(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.names.append(function.overloadpacket.__name__)
        return function(*args, **(kwargs or {}))


def test_a_step_never_waits_for_the_device():
    weights = parameters()
    optimiser = LARS(weights, lr=0.1)
    set_gradients(weights, 0)
    with _Operations() as seen:
        optimiser.step()
    assert seen.names
    assert not {"_local_scalar_dense", "nonzero", "is_nonzero"} & set(seen.names)
