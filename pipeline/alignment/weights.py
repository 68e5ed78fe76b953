"""How far the weights of two networks of one architecture are apart."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor


def weight_tensors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The matrices and kernels of a state dictionary (two or more dimensions), in float64.

    Vectors are left out: norms and biases start equal in every network, and running statistics are not weights.
    """
    return {name: tensor.double() for name, tensor in state.items() if tensor.ndim >= 2}


def weight_gap(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> float:
    """Mean over the weight tensors of |a - b|_F / (|a|_F/2 + |b|_F/2), in [0, 2] (the paper's Figure 6).

    A tensor that is zero in both networks counts as 0. Raises ValueError for networks of different architectures.
    """
    first, second = _matched(a, b)
    gaps = []
    for name, tensor in first.items():
        size = (tensor.norm() + second[name].norm()) / 2
        gaps.append(float((tensor - second[name]).norm() / size) if size > 0 else 0.0)
    return sum(gaps) / len(gaps)


def weight_angle(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> float:
    """Angle in degrees between all weight tensors of two networks, each taken as one vector.

    By atan2 of the lengths of unit vectors' difference and sum (Kahan), which keeps its digits near 0 degrees.
    """
    first, second = _matched(a, b)
    u, v = (torch.cat([tensor.flatten() for tensor in side.values()]) for side in (first, second))
    if u.norm() == 0 or v.norm() == 0:
        raise ValueError("a network whose weights are all zero has no angle to another")
    u, v = u / u.norm(), v / v.norm()
    return math.degrees(2 * math.atan2(float((u - v).norm()), float((u + v).norm())))


def _matched(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    first, second = weight_tensors(a), weight_tensors(b)
    shapes = [{name: tuple(tensor.shape) for name, tensor in side.items()} for side in (first, second)]
    if shapes[0] != shapes[1] or not first:
        different = sorted(set(shapes[0].items()) ^ set(shapes[1].items()))
        raise ValueError(f"the networks' weight tensors differ, or there is none: {different[:2]}")
    return first, {name: second[name] for name in first}
