"""Several processes that share the batches of a run find what one finds, but for the order of sums."""

import subprocess
from dataclasses import astuple

import pytest
import torch
from torch import nn

from pipeline.config.base import SettingsError
from pipeline.config.objectives import OBJECTIVES as KNOWN
from pipeline.config.objectives import resolve
from pipeline.models.batch_norm import share_batch_norm
from pipeline.train.checkpoints import load_checkpoint
from pipeline.train.loss_call import loss_function
from pipeline.train.ranks import Ranks
from pipeline.train.state import load_state
from tests.train.shared_run import EPOCHS, OBJECTIVES, TORCHRUN, trained
from twin_alignment.losses.contrastive import logits_of, same_class_mass

ROUNDING = 2e-3  # of weights and losses after twelve steps: each step carries the last bits of the one before further


def torchrun(count, *words):
    command = [*TORCHRUN, str(count), "-m", "tests.train.shared_run", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    return folder, trained(folder)


def compare(folder, steps, digests, alone):
    path, expected = alone
    assert digests == expected.digests
    assert [row[:4] for row in steps] == [astuple(row)[:4] for row in expected.steps]
    found, known = (torch.tensor([row[4:] for row in rows]) for rows in (steps, map(astuple, expected.steps)))
    first = len(OBJECTIVES)  # rows of the first step, where nothing is carried on yet
    torch.testing.assert_close(found[:first], known[:first], rtol=1e-5, atol=1e-6, equal_nan=True)
    torch.testing.assert_close(found, known, rtol=ROUNDING, atol=ROUNDING, equal_nan=True)
    for objective in (resolve(name).name for name in OBJECTIVES):
        for epoch in EPOCHS:
            mine, theirs = (load_checkpoint(where / "checkpoints", objective, epoch) for where in (folder, path))
            assert mine.keys() == theirs.keys()
            for name, weights in mine.items():
                torch.testing.assert_close(weights, theirs[name], rtol=ROUNDING, atol=ROUNDING, msg=name)


@pytest.mark.parametrize("count", [2, pytest.param(4, marks=pytest.mark.long)])
def test_they_train_what_one_does(count, alone, tmp_path):
    done = torchrun(count, tmp_path)
    assert done.returncode == 0, done.stderr
    steps, digests = torch.load(tmp_path / "found.pt", weights_only=False)
    compare(tmp_path, [astuple(row) for row in steps], digests, alone)


@pytest.mark.long
@pytest.mark.parametrize(
    ("what", "said"),
    [("stop", "stopped after epoch"), ("die", "exitcode  : 7 ")],  # torchrun says which one ended
)
@pytest.mark.parametrize("after", [1, 4])
def test_a_run_goes_on_from_where_one_of_them_ended_it_by_another_number(what, said, after, alone, tmp_path):
    done = torchrun(2, tmp_path, what)
    assert done.returncode != 0
    assert said in done.stderr
    state = load_state(tmp_path / "state.pt")
    assert (state["epoch"], state["step"]) > (0, 0)
    again = torchrun(after, tmp_path)
    assert again.returncode == 0, again.stderr
    assert again.stderr.count("going on after epoch") == 1
    steps, digests = torch.load(tmp_path / "found.pt", weights_only=False)
    compare(tmp_path, [astuple(row) for row in steps], digests, alone)


def batch(size, seed=0):
    generator = torch.Generator().manual_seed(seed)
    z = nn.functional.normalize(torch.randn(2, size, 5, generator=generator, dtype=torch.float64), dim=-1)
    return *z, torch.randint(3, (size,), generator=generator)


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("count", [2, 3, 4])
def test_the_mean_over_shares_of_anchors_is_that_over_all(name, count):
    z1, z2, labels = batch(12)
    loss = loss_function(resolve(name))
    options = {"denominator": "released_code", "view_pairs": "all"}
    shares = [Ranks(rank, count).rows(12) for rank in range(count)]
    whole, parts = z1.clone().requires_grad_(), z1.clone().requires_grad_()
    expected = loss(whole, z2, labels, 0.3, **options)
    found = torch.stack([loss(parts, z2, labels, 0.3, share, **options) for share in shares]).mean()
    torch.testing.assert_close(found, expected)
    expected.backward()
    found.backward()
    torch.testing.assert_close(parts.grad, whole.grad)


def test_a_rank_holds_similarities_of_its_own_anchors_only():
    z1, z2, labels = batch(12)
    share = Ranks(1, 4).rows(12)
    assert logits_of(z1, z2, 0.5, share).shape == (6, 24)
    of_all, own = same_class_mass(z1, z2, labels, 0.5), same_class_mass(z1, z2, labels, 0.5, share)
    torch.testing.assert_close(own, of_all.view(2, -1)[:, share].reshape(-1))


def test_a_batch_without_equal_shares_is_refused():
    with pytest.raises(SettingsError, match="batch_size = 32: 3 processes share it, allowed are its multiples"):
        Ranks(0, 3).rows(32)


@pytest.mark.parametrize("make", [lambda: nn.BatchNorm2d(3), lambda: nn.BatchNorm1d(3)])
def test_a_shared_batch_norm_of_one_process_is_pytorchs(make):
    plain, shared = nn.Sequential(make()), nn.Sequential(make())
    share_batch_norm(shared, lambda rows: rows)
    assert plain.state_dict().keys() == shared.state_dict().keys()
    shape = (8, 3, 4, 4) if isinstance(plain[0], nn.BatchNorm2d) else (8, 3)
    x = 5 + 2 * torch.randn(shape, generator=torch.Generator().manual_seed(0))
    gradients = []
    for module in (plain, shared):
        given = x.clone().requires_grad_()
        (module(given) ** 3).sum().backward()
        gradients.append([given.grad, *(p.grad for p in module.parameters())])
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(shared.state_dict(), plain.state_dict())
    torch.testing.assert_close(shared.eval()(x), plain.eval()(x))
