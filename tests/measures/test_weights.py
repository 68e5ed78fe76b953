import math

import numpy as np
import pytest
import torch

from twin_alignment.measures.weight_distance import displacement, weight_angle, weight_gap, weight_gap_released


def state(seed, scale=1.0):
    rng = np.random.default_rng(seed)
    return {
        "conv.weight": torch.from_numpy(scale * rng.normal(size=(4, 3, 2, 2))),
        "fc.weight": torch.from_numpy(scale * rng.normal(size=(5, 4))),
        "bn.weight": torch.ones(4),
        "bn.num_batches_tracked": torch.tensor(7),
    }


def test_the_gap_is_the_mean_relative_distance_of_the_weight_tensors():
    a, b = state(0), state(1)
    gaps = []
    for name in ("conv.weight", "fc.weight"):
        x, y = a[name].numpy().ravel(), b[name].numpy().ravel()
        gaps.append(np.sqrt(((x - y) ** 2).sum()) / (0.5 * (np.sqrt((x**2).sum()) + np.sqrt((y**2).sum()))))
    assert weight_gap(a, b) == pytest.approx(np.mean(gaps), rel=1e-12)


def test_the_released_gap_counts_gains_as_much_as_kernels():
    a, b = state(0), {**state(1), "bn.weight": torch.tensor([1.0, 2.0, 3.0, 4.0]), "bn.bias": torch.ones(4)}
    a["bn.bias"] = -torch.ones(4)
    x, y = np.ones(4), np.arange(1.0, 5.0)
    gain = np.linalg.norm(x - y) / (0.5 * (np.linalg.norm(x) + np.linalg.norm(y)))
    assert weight_gap_released(a, b) == pytest.approx((2 * weight_gap(a, b) + gain) / 3, rel=1e-12)
    equal_gains = {**b, "bn.weight": a["bn.weight"]}
    assert weight_gap_released(a, equal_gains) == pytest.approx(2 / 3 * weight_gap(a, b), rel=1e-12)


def test_the_released_gap_goes_by_names_and_leaves_out_what_is_called_otherwise():
    a = {"weight": torch.ones(2), "class_token": torch.zeros(1, 1, 2), "attention.in_proj_weight": torch.ones(2, 2)}
    b = {**{name: tensor + 1 for name, tensor in a.items()}, "weight": torch.ones(2)}
    assert weight_gap_released(a, b) == 0.0
    assert weight_gap(a, b) > 0.0
    del a["weight"], b["weight"]
    assert math.isnan(weight_gap_released(a, b))


def test_displacement_is_relative_to_each_tensors_start():
    start, now = state(0), state(1)
    moved = []
    for name in ("conv.weight", "fc.weight"):
        x, y = start[name].numpy(), now[name].numpy()
        moved.append(math.sqrt(((y - x) ** 2).sum() / (x**2).sum()))
    assert displacement(now, start) == pytest.approx(np.mean(moved), rel=1e-12)
    assert displacement(start, start) == 0.0
    assert displacement({name: 3 * tensor for name, tensor in start.items()}, start) == pytest.approx(2.0)


def test_a_tensor_that_starts_at_zero_does_not_make_displacement_infinite():
    start, now = ({**state(seed), "class_token": torch.full((1, 1, 3), float(seed))} for seed in (0, 1))
    assert displacement(now, start) == displacement(state(1), state(0))
    assert math.isnan(displacement({"w": torch.ones(2, 2)}, {"w": torch.zeros(2, 2)}))


def test_the_angle_is_that_of_all_weights_as_one_vector():
    a, b = state(0), state(1, scale=3.0)
    x, y = (np.concatenate([s[n].numpy().ravel() for n in ("conv.weight", "fc.weight")]) for s in (a, b))
    expected = math.degrees(math.acos(x @ y / np.linalg.norm(x) / np.linalg.norm(y)))
    assert weight_angle(a, b) == pytest.approx(expected, rel=1e-10)


def test_small_angles_keep_their_digits():
    a = {"w": torch.tensor([[1.0, 0.0]], dtype=torch.float64)}
    b = {"w": torch.tensor([[math.cos(1e-9), math.sin(1e-9)]], dtype=torch.float64)}
    assert weight_angle(a, b) == pytest.approx(math.degrees(1e-9), rel=1e-6)


def test_other_architectures_are_refused():
    with pytest.raises(ValueError, match="differ"):
        weight_gap(state(0), {"fc.weight": torch.ones(5, 4)})
    with pytest.raises(ValueError, match="there is none"):
        weight_gap({"b": torch.ones(3)}, {"b": torch.ones(3)})


def test_weights_that_are_all_zero_have_no_angle():
    assert math.isnan(weight_angle({"w": torch.zeros(2, 2)}, {"w": torch.ones(2, 2)}))
