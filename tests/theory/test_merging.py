import copy

import pytest
import torch
from torch import nn

from pipeline.embed import encode
from pipeline.probes import probes
from pipeline.settings.probes import ProbeSettings
from pipeline.theory.merging import accuracy_between, merged

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
        assert found[share] == probes(features, images.labels, features, images.labels, SETTINGS)
    assert len({found[share]["nccc"].accuracy for share in found}) > 1


def test_counts_are_not_averaged():
    first, second = encoder(1).state_dict(), encoder(2).state_dict()
    assert merged(first, second, 0.5)["2.num_batches_tracked"] == 1
