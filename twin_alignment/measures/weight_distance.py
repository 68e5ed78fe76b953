"""Distances between the weights of two networks of one architecture."""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor


def weight_tensors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the matrices and kernels of a state dictionary (two or more dimensions), in float64.

    Vectors are left out: norms and biases start equal in every network, and running statistics are not weights.
    """
    return {name: tensor.double() for name, tensor in state.items() if tensor.ndim >= 2}


def tensors_called_weight(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return all parameters whose name ends in `weight`, gains of norms included, in float64."""
    return {name: tensor.double() for name, tensor in state.items() if name.rpartition(".")[2] == "weight"}


Chosen = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]  # tensors of a state dictionary that are compared


def weight_gap(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> float:
    """Mean over the weight tensors of |a - b|_F / (|a|_F/2 + |b|_F/2), in [0, 2] (the paper's Figure 6).

    Args:
        a: state dictionary of one network.
        b: state dictionary of another. A tensor that is zero in both counts as 0.

    Raises:
        ValueError: the networks have different architectures.

    Example:
        >>> import torch
        >>> weight_gap({"w": torch.ones(2, 2)}, {"w": -torch.ones(2, 2)})
        2.0
    """
    return _mean_gap(*_matched(a, b, weight_tensors))


def weight_gap_released(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> float:
    """Return `weight_gap` over every parameter called `weight`, as the paper's released code has it.

    Batch norm's gains, which start equal and move little, count like kernels and lower the mean. NaN where no parameter
    is called so.
    """
    if not tensors_called_weight(a):
        return math.nan
    return _mean_gap(*_matched(a, b, tensors_called_weight))


def displacement(weights: Mapping[str, Tensor], start: Mapping[str, Tensor]) -> float:
    """Mean over the weight tensors of |w - w0|_F / |w0|_F, the relative distance of a network from its start.

    A tensor that starts at zero (a transformer's class token) is left out; NaN where no tensor is left.

    Args:
        weights: state dictionary of the network.
        start: its state dictionary at the start.

    Raises:
        ValueError: the networks have different architectures.

    Example:
        >>> import torch
        >>> displacement({"w": 3 * torch.ones(2, 2)}, {"w": torch.ones(2, 2)})
        2.0
    """
    now, then = _matched(weights, start, weight_tensors)
    moved = [float((now[name] - tensor).norm() / tensor.norm()) for name, tensor in then.items() if tensor.norm() > 0]
    return sum(moved) / len(moved) if moved else math.nan


def weight_angle(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> float:
    """Angle in degrees between all weight tensors of two networks, each taken as one vector; NaN where one is all zero.

    By atan2 of the lengths of unit vectors' difference and sum (Kahan), which keeps its digits near 0 degrees.

    Args:
        a: state dictionary of one network.
        b: state dictionary of another.

    Raises:
        ValueError: the networks have different architectures.

    Example:
        >>> import torch
        >>> round(weight_angle({"w": torch.tensor([[1.0, 0.0]])}, {"w": torch.tensor([[0.0, 1.0]])}), 6)
        90.0
    """
    first, second = _matched(a, b, weight_tensors)
    u, v = (torch.cat([tensor.flatten() for tensor in side.values()]) for side in (first, second))
    if u.norm() == 0 or v.norm() == 0:
        return math.nan
    u, v = u / u.norm(), v / v.norm()
    return math.degrees(2 * math.atan2(float((u - v).norm()), float((u + v).norm())))


def _mean_gap(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> float:
    gaps = []
    for name, tensor in first.items():
        size = (tensor.norm() + second[name].norm()) / 2
        gaps.append(float((tensor - second[name]).norm() / size) if size > 0 else 0.0)
    return sum(gaps) / len(gaps)


def _matched(
    a: Mapping[str, Tensor], b: Mapping[str, Tensor], chosen: Chosen
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    first, second = chosen(a), chosen(b)
    shapes = [{name: tuple(tensor.shape) for name, tensor in side.items()} for side in (first, second)]
    if shapes[0] != shapes[1] or not first:
        different = sorted(set(shapes[0].items()) ^ set(shapes[1].items()))
        raise ValueError(f"the networks' weight tensors differ, or there is none: {different[:2]}")
    return first, {name: second[name] for name in first}
