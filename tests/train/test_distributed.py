"""Several processes that share the batches of a run compute what one does, except for the order of sums."""

import subprocess
from dataclasses import astuple

import pytest
import torch
import torch.distributed as dist
from torch import nn

from pipeline.config.base import SettingsError
from pipeline.config.objectives import OBJECTIVES as KNOWN
from pipeline.config.objectives import resolve
from pipeline.models.batch_norm import CpuSyncBatchNorm, synchronise_batch_norm
from pipeline.train.checkpoints import load_checkpoint
from pipeline.train.distributed import Distributed
from pipeline.train.loss_call import loss_function
from pipeline.train.state import load_state
from tests.train.shared_run import EPOCHS, OBJECTIVES, TORCHRUN, trained
from twin_alignment.losses.contrastive import logits_of, same_class_mass

ROUNDING = 2e-3  # of weights and losses after twelve steps: each step amplifies the last bits of the one before


def torchrun(count, *words):
    command = [*TORCHRUN, str(count), "-m", "tests.train.shared_run", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    folder = tmp_path_factory.mktemp("single")
    return folder, trained(folder)


def assert_same(folder, single):
    """Compare the run in a folder with that of a single process."""
    path, expected = single
    steps, digests = torch.load(folder / "result.pt", weights_only=False)
    assert digests == expected.digests
    ours, theirs = (list(map(astuple, rows)) for rows in (steps, expected.steps))
    assert [row[:4] for row in ours] == [row[:4] for row in theirs]
    ours, theirs = (torch.tensor([row[4:] for row in rows]) for rows in (ours, theirs))
    first = len(OBJECTIVES)  # rows of the first step, where nothing is amplified yet
    torch.testing.assert_close(ours[:first], theirs[:first], rtol=1e-5, atol=1e-6, equal_nan=True)
    torch.testing.assert_close(ours, theirs, rtol=ROUNDING, atol=ROUNDING, equal_nan=True)
    for objective in (resolve(name).name for name in OBJECTIVES):
        for epoch in EPOCHS:
            a, b = (load_checkpoint(place / "checkpoints", objective, epoch) for place in (folder, path))
            torch.testing.assert_close(a, b, rtol=ROUNDING, atol=ROUNDING)


@pytest.mark.parametrize("count", [2, pytest.param(4, marks=pytest.mark.long)])
def test_several_processes_train_what_one_does(count, single, tmp_path):
    done = torchrun(count, tmp_path)
    assert done.returncode == 0, done.stderr
    assert_same(tmp_path, single)


@pytest.mark.long
@pytest.mark.parametrize(
    ("event", "message"),
    [("stop", "stopped after epoch"), ("die", "exitcode  : 7 ")],  # torchrun says which one ended
)
@pytest.mark.parametrize("count", [1, 4])
def test_another_number_of_processes_resumes_a_run_that_one_of_them_ended(event, message, count, single, tmp_path):
    done = torchrun(2, tmp_path, event)
    assert done.returncode != 0
    assert message in done.stderr
    state = load_state(tmp_path / "state.pt")
    assert (state["epoch"], state["step"]) > (0, 0)
    again = torchrun(count, tmp_path)
    assert again.returncode == 0, again.stderr
    assert again.stderr.count("resuming after epoch") == 1
    assert_same(tmp_path, single)


def batch(size, seed=0):
    generator = torch.Generator().manual_seed(seed)
    z = nn.functional.normalize(torch.randn(2, size, 5, generator=generator, dtype=torch.float64), dim=-1)
    return *z, torch.randint(3, (size,), generator=generator)


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("count", [2, 3])
def test_the_mean_over_shares_of_anchors_is_that_over_all(name, count):
    z1, z2, labels = batch(12)
    loss = loss_function(resolve(name))
    options = {"denominator": "released_code", "view_pairs": "all"}
    shares = [Distributed(rank, count).local_rows(12) for rank in range(count)]
    whole, parts = z1.clone().requires_grad_(), z1.clone().requires_grad_()
    expected = loss(whole, z2, labels, 0.3, **options)
    mean = torch.stack([loss(parts, z2, labels, 0.3, share, **options) for share in shares]).mean()
    torch.testing.assert_close(mean, expected)
    expected.backward()
    mean.backward()
    torch.testing.assert_close(parts.grad, whole.grad)


def test_a_rank_holds_similarities_of_its_anchors_only():
    z1, z2, labels = batch(12)
    share = Distributed(1, 4).local_rows(12)
    assert logits_of(z1, z2, 0.5, share).shape == (6, 24)
    of_all, of_share = same_class_mass(z1, z2, labels, 0.5), same_class_mass(z1, z2, labels, 0.5, share)
    torch.testing.assert_close(of_share, of_all.view(2, -1)[:, share].reshape(-1))


def test_a_batch_without_equal_shares_is_refused():
    with pytest.raises(SettingsError, match="batch_size = 32: 3 processes share it, expected one of their multiples"):
        Distributed(0, 3).local_rows(32)


def test_a_failed_message_is_a_sentence_that_asks_to_resume():
    sentence = r"2 processes failed \(Connection closed\).*Re-run the same command"
    with pytest.raises(SettingsError, match=sentence), Distributed(0, 2).connected():
        raise RuntimeError("Connection closed\nby peer")


@pytest.fixture
def one_process(tmp_path):
    dist.init_process_group("gloo", store=dist.FileStore(str(tmp_path / "store"), 1), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.usefixtures("one_process")
@pytest.mark.parametrize(("norm", "shape"), [(nn.BatchNorm2d, (8, 3, 4, 4)), (nn.BatchNorm1d, (8, 3))])
def test_a_synchronised_batch_norm_of_one_process_is_pytorchs(norm, shape):
    plain, shared = nn.Sequential(norm(3)), nn.Sequential(norm(3))
    plain[0].bias.requires_grad_(False)
    shared[0].bias.requires_grad_(False)
    synchronise_batch_norm(shared)
    assert isinstance(shared[0], CpuSyncBatchNorm)
    x = 5 + 2 * torch.randn(shape, generator=torch.Generator().manual_seed(0))
    gradients = []
    for module in (plain, shared):
        inputs = x.clone().requires_grad_()
        (module(inputs) ** 3).sum().backward()
        gradients.append([inputs.grad, module[0].weight.grad])
        assert module[0].bias.grad is None
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(shared.state_dict(), plain.state_dict())
    torch.testing.assert_close(shared.eval()(x), plain.eval()(x))
