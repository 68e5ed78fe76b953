"""The cost of a plan: operations, hours and bytes before anything runs."""

import pytest
import torch

from pipeline.config.base import SettingsError, parse
from pipeline.config.params import Params, read_params
from pipeline.jobs.cost import CORE, GPU, PACKED, as_text, cost
from pipeline.jobs.records import write_record
from pipeline.jobs.runner import make
from pipeline.jobs.task import task_of
from pipeline.models.network import build_encoder
from pipeline.planning.expansion import plan
from pipeline.planning.layout import Layout
from tests.workflow.conftest import ROOT

RUN = {"dataset": "cifar100", "encoder": "resnet18", "batch_size": 1000, "epochs": 3, "warmup_epochs": 0}


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path / "results", tmp_path / "reports")


def planned(experiment=None, top=None, **run):
    grid = [{**RUN, "seed": [0, 1], **run}]
    return plan(parse(Params, {**(top or {}), "experiments": {"table1": {"grid": grid, **(experiment or {})}}}, "x"))


def convolutions(encoder):
    """(module, output) of every convolution in a forward pass."""
    pairs = []
    for module in encoder.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(lambda module, _, out: pairs.append((module, out)))
    with torch.no_grad():
        encoder.eval()(torch.zeros(1, 3, 32, 32))
    return pairs


def test_the_cost_follows_from_images_epochs_and_the_network(layout):
    settings = planned({"objectives": ["cl", "nscl"]})
    found = cost(settings, layout, "table1", GPU)
    (first, second) = found.runs
    assert first.epochs == second.epochs == 6  # three epochs of two twins
    encoder = build_encoder(first.run, 3, (32, 32))
    hand = sum(  # multiplications of every convolution, from shapes that a pass shows
        out.shape[1] * out.shape[2] * out.shape[3] * module.in_channels * module.kernel_size[0] ** 2
        for module, out in convolutions(encoder)
    )
    head = 512 * 512 + 512 * 128
    training, embedding = 50_000 * 2 * 3 * 3, 2 * 60_000  # images x views x epochs x (forward and backward)
    assert first.operations == pytest.approx(2 * 2 * (hand + head) * (training + embedding))
    weights = sum(p.numel() for p in encoder.parameters()) + 512 * 512 + 512 * 128 + 2 * 512 + 2 * 128
    assert first.checkpoint_bytes == 2 * 2 * 4 * weights  # the initialisation and the last epoch of two twins
    assert first.state_bytes == 2 * 2 * 4 * weights  # a weight and its momentum
    assert found.store_bytes == 60_000 * 3 * 32 * 32
    operations = first.operations + second.operations
    assert found.hours(todo_only=False) == pytest.approx(operations / 1e14 / 3600)
    hours = f"{operations / 4e10 / 3600:.1f} hours"
    assert "assumed 1e+14 operations a second; a CPU core does" in as_text(found)
    assert as_text(found).endswith(f"about 4e+10: {hours}")
    on_a_core = as_text(cost(settings, layout, "table1", CORE))
    assert f"time: {hours} to go, {hours} from nothing; of a CPU core, one run at a time" in on_a_core


def test_half_the_classes_are_half_the_images(layout):
    half, whole = cost(planned(classes=[50, 100], seed=0), layout, "all", CORE).runs
    assert whole.operations == pytest.approx(2 * half.operations)


def test_finished_runs_give_the_rate_and_are_not_to_do(layout):
    settings = planned()
    run = task_of("twins", next(iter(settings.requests)).name, settings, layout)
    made = {"made": {"seconds": 100.0}, "inputs": {}, **run.decided_by, "stage": "twins", "subject": run.subject}
    write_record(run.place.record, {**made, "code": {"VERSION": "0"}})
    assert [run.finished for run in cost(settings, layout, "all", CORE).runs] == [False, False]
    write_record(run.place.record, made)
    found = cost(settings, layout, "all", CORE)
    assert [run.finished for run in found.runs] == [True, False]
    assert found.hours(todo_only=True) == pytest.approx(100 / 3600)
    assert found.hours(todo_only=False) == pytest.approx(200 / 3600)
    assert "2 runs, 1 of them finished" in as_text(found)


def test_the_last_checkpoints_alone_cost_less(layout):
    experiment = {"checkpoints": [0, 1, 2, 3], "objectives": ["cl", "nscl"]}
    every, last = (
        cost(planned(experiment, {"checkpoint_retention": kept}), layout, "all", GPU) for kept in ("all", "last")
    )
    assert last.checkpoint_bytes == pytest.approx(every.checkpoint_bytes / 4)
    assert every.passing_bytes == 0.0
    assert last.passing_bytes == pytest.approx(every.checkpoint_bytes * 3 / 4)  # of both seeds
    assert every.bytes - last.bytes == pytest.approx(last.passing_bytes)
    assert "more until a setting is measured" in as_text(last)


def test_an_unknown_target_is_refused_by_name(layout):
    with pytest.raises(SettingsError, match="table9"):
        cost(planned(), layout, "table9", CORE)


def test_settings_files_write_to_separate_folders_and_leave_the_claims_their_rules():
    default = read_params(ROOT / "params.yaml")
    files = [*(ROOT / "params").glob("*.yaml"), ROOT / "benchmarks" / "yardstick.yaml"]
    assert len(files) > 5
    for file in files:
        params = read_params(file)
        assert params.results != default.results
        assert params.reports != default.reports
        assert params.claims == default.claims == {}


def test_images_stored_as_files_take_less_and_prepared_ones_are_weighed(layout):
    large, digits = (
        plan(parse(Params, {"experiments": {"mine": {"grid": [{"dataset": dataset}]}}}, "settings"))
        for dataset in ("mini_imagenet", "digits")
    )
    assert cost(large, layout, "all", GPU).store_bytes == 60_000 * 3 * 224 * 224 * PACKED
    assert cost(digits, layout, "all", GPU).store_bytes == 1797 * 64
    make(task_of("prepare", "digits", digits, layout))
    written = sum(path.stat().st_size for path in (layout.results / "data" / "digits" / "images").iterdir())
    assert cost(digits, layout, "all", GPU).store_bytes == written > 1797 * 64
