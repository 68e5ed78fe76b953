"""Convolutions as matrix products are the convolutions of PyTorch: values, gradients, second derivatives."""

import pytest
import torch
from torch.autograd.functional import hvp

from pipeline.models.convolution import Convolution

CASES = [
    (kernel, stride, side)
    for kernel in (1, 3)
    for stride in (1, 2)
    for side in ((1, 1), (2, 2), (1, 2), (2, 1), (4, 4), (5, 3))
]


def convolutions(kernel, stride, dtype=torch.float64):
    theirs = torch.nn.Conv2d(5, 7, kernel, stride, padding=kernel // 2, bias=False, dtype=dtype)
    return Convolution.like(theirs), theirs


@pytest.mark.parametrize(("kernel", "stride", "side"), CASES)
def test_values_and_derivatives_are_those_of_pytorch(kernel, stride, side):
    ours, theirs = convolutions(kernel, stride)
    images = torch.randn(3, 5, *side, dtype=torch.float64).contiguous(memory_format=torch.channels_last)
    outputs = theirs(images)
    torch.testing.assert_close(ours(images), outputs)

    def loss(convolution):
        return lambda x, w: torch.func.functional_call(convolution, {"weight": w}, x).tanh().square().sum()

    inputs = images, theirs.weight.detach()
    directions = torch.randn_like(inputs[0]), torch.randn_like(inputs[1])
    for found, expected in zip(*(hvp(loss(c), inputs, directions)[1] for c in (ours, theirs)), strict=True):
        torch.testing.assert_close(found, expected)
    gradients = (
        torch.autograd.grad(loss(c)(*map(torch.Tensor.requires_grad_, inputs)), inputs) for c in (ours, theirs)
    )
    for found, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(("kernel", "stride", "side"), [(1, 2, (4, 4)), (3, 1, (2, 2)), (3, 2, (2, 2))])
def test_outputs_are_channels_last_and_bfloat16_where_autocast_says_so(kernel, stride, side):
    ours, theirs = convolutions(kernel, stride, torch.float32)
    images = torch.randn(3, 5, *side).contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        found, expected = ours(images), theirs(images)
    assert found.dtype == expected.dtype == torch.bfloat16
    torch.testing.assert_close(found, expected)
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_weights_stay_the_same_tensor_and_nothing_is_drawn():
    state = torch.random.get_rng_state()
    theirs = torch.nn.Conv2d(5, 7, 3, padding=1, bias=False)
    after = torch.random.get_rng_state()
    ours = Convolution.like(theirs)
    assert ours.weight is theirs.weight
    assert torch.equal(torch.random.get_rng_state(), after)
    assert not torch.equal(state, after)
