import copy

import pytest
import torch
from torch import nn

from pipeline.config.probe_settings import ProbeSettings
from pipeline.evaluate import interpolation as merging
from pipeline.evaluate.embed import encode
from pipeline.evaluate.interpolation import accuracy_between, merged, reestimate
from pipeline.evaluate.probing import probes

SETTINGS = ProbeSettings(max_iterations=20)


def encoder(seed):
    """With batch-norm statistics of its own, which have seen `seed` batches."""
    torch.manual_seed(seed)
    made = nn.Sequential(nn.Flatten(), nn.Linear(64, 6), nn.BatchNorm1d(6), nn.ReLU())
    for _ in range(seed):
        made(torch.rand(20, 1, 8, 8) * seed)
    return made


@pytest.mark.parametrize("size", [None, (8, 8)])
def test_at_the_ends_stand_the_ends_and_in_the_middle_the_mean_of_their_states(images, size):
    ends = [encoder(seed) for seed in (1, 2)]
    middle = copy.deepcopy(ends[0])
    with torch.no_grad():
        for name, own in middle.state_dict().items():
            if own.is_floating_point():
                own.copy_((own + ends[1].state_dict()[name]) / 2)
    states = tuple(end.state_dict() for end in ends)
    found = accuracy_between(encoder(3), states, (0.0, 0.5, 1.0), images, images, size, SETTINGS)
    for share, network in ((0.0, ends[0]), (0.5, middle), (1.0, ends[1])):
        features = encode(network, images, size)
        assert found[share, "interpolated"] == probes(features, images.labels, features, images.labels, SETTINGS)
        reestimate(network, images, size)
        features = encode(network, images, size)
        assert found[share, "reestimated"] == probes(features, images.labels, features, images.labels, SETTINGS)
    assert len({results["nccc"].accuracy for results in found.values()}) > 2


def test_reestimated_statistics_are_the_mean_of_those_of_batches_in_training(images, monkeypatch):
    monkeypatch.setattr(merging, "BATCH", 50)  # three of 159 images, nine left out
    network = nn.Sequential(encoder(1), nn.Linear(6, 5), nn.BatchNorm1d(5))
    network[2].momentum = 0.03
    seen = {name: [] for name in ("first", "second")}
    norms = {"first": network[0][2], "second": network[2]}
    for name, norm in norms.items():
        norm.register_forward_pre_hook(lambda _, inputs, name=name: seen[name].append(inputs[0].clone()))
    network.eval()
    reestimate(network, images, None)
    assert [len(batch) for batch in seen["first"]] == [50, 50, 50]
    for name, norm in norms.items():
        means = torch.stack([batch.mean(0) for batch in seen[name]])
        variances = torch.stack([batch.var(0, correction=1) for batch in seen[name]])
        torch.testing.assert_close(norm.running_mean, means.mean(0))
        torch.testing.assert_close(norm.running_var, variances.mean(0))
    # the second norm read what the first makes of each batch's own statistics
    for before, after in zip(seen["first"], seen["second"], strict=True):
        unit = (before - before.mean(0)) / (before.var(0, correction=0) + 1e-5).sqrt()
        torch.testing.assert_close(after, network[1](unit.relu()), rtol=1e-4, atol=1e-5)
    assert (network[2].momentum, network.training) == (0.03, False)


def test_images_stored_by_class_are_read_in_another_order(images, monkeypatch):
    monkeypatch.setattr(merging, "BATCH", 40)
    taken = []
    monkeypatch.setattr(type(images), "take", lambda self, rows: (taken.append(rows), (images.host[rows], None))[1])
    monkeypatch.setattr(merging, "as_read", lambda batch, *_: torch.from_numpy(batch).float())
    reestimate(encoder(1), images, None)
    positions = [int(row) for rows in taken for row in rows]
    assert len(positions) == len(set(positions)) == 120
    assert all(max(rows) - min(rows) > 80 for rows in taken)


def test_units_in_another_order_need_statistics_of_their_own(images):
    """The same function twice; half way between, units that do not match average to less than either varies."""
    torch.manual_seed(0)
    first = nn.Sequential(nn.Flatten(), nn.Linear(64, 32, bias=False), nn.BatchNorm1d(32))
    reestimate(first, images, None)
    order = torch.randperm(32)
    second = copy.deepcopy(first)
    with torch.no_grad():
        second[1].weight.copy_(first[1].weight[order])
        second[2].running_mean.copy_(first[2].running_mean[order])
        second[2].running_var.copy_(first[2].running_var[order])
    torch.testing.assert_close(encode(second, images, None), encode(first, images, None)[:, order])
    network = copy.deepcopy(first)
    network.load_state_dict(merged(first.state_dict(), second.state_dict(), 0.5))
    moved = order != torch.arange(32)
    assert encode(network, images, None).var(0)[moved].mean() < 0.75
    reestimate(network, images, None)
    torch.testing.assert_close(encode(network, images, None).var(0), torch.ones(32), rtol=1e-3, atol=1e-3)


def test_an_encoder_without_batch_norm_stays_as_it_is(images):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 4), nn.LayerNorm(4))
    before = copy.deepcopy(network.state_dict())
    reestimate(network, images, None)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    ends = before, {name: 2 * tensor for name, tensor in before.items()}
    found = accuracy_between(network, ends, (0.5,), images, images, None, SETTINGS)
    assert found[0.5, "interpolated"] == found[0.5, "reestimated"]


def test_counts_are_not_averaged():
    first, second = encoder(1).state_dict(), encoder(2).state_dict()
    assert merged(first, second, 0.5)["2.num_batches_tracked"] == 1
