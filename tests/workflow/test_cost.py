from pathlib import Path

import pytest
import torch

from pipeline.config.base import SettingsError, parse
from pipeline.config.params import Params, read_params
from pipeline.jobs.cost import CORE, GPU, PACKED, as_text, cost
from pipeline.jobs.records import write_record
from pipeline.jobs.runner import make
from pipeline.jobs.task import task
from pipeline.models.network import build_encoder
from pipeline.planning.expansion import plan
from pipeline.planning.layout import Layout

GRID = [
    {"dataset": "cifar100", "encoder": "resnet18", "batch_size": 1000, "epochs": 3, "warmup_epochs": 0, "seed": [0, 1]}
]


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path / "results", tmp_path / "reports")


def settings_of(**experiment):
    return plan(parse(Params, {"experiments": {"table1": {"grid": GRID, **experiment}}}, "settings"))


def test_the_cost_follows_from_images_epochs_and_the_network(layout):
    settings = settings_of(objectives=["cl", "nscl"])
    found = cost(settings, layout, "table1", GPU)
    (first, second) = found.runs
    assert first.epochs == second.epochs == 6  # three epochs of two twins
    encoder = build_encoder(first.run, 3, (32, 32))
    hand = sum(  # multiplications and additions of every convolution, from shapes that a pass shows
        2 * out.shape[1] * out.shape[2] * out.shape[3] * module.in_channels * module.kernel_size[0] ** 2
        for module, out in shown(encoder)
    )
    head = 2 * (512 * 512 + 512 * 128)
    training, embedding = 50_000 * 2 * 3 * 3, 2 * 60_000  # images x views x epochs x (forward and backward)
    assert first.operations == pytest.approx(2 * (hand + head) * (training + embedding))
    weights = sum(p.numel() for p in encoder.parameters()) + 512 * 512 + 512 * 128 + 2 * 512 + 2 * 128
    kept = 2  # epochs: the initialisation and the last one
    assert first.checkpoint_bytes == 2 * kept * 4 * weights
    assert first.state_bytes == 2 * 2 * 4 * weights  # a weight and its momentum
    assert found.store_bytes == 60_000 * 3 * 32 * 32
    operations = first.operations + second.operations
    assert found.hours(todo_only=False) == pytest.approx(operations / 1e14 / 3600)
    assert "assumed 1e+14 operations a second; a CPU core does" in as_text(found)
    hours = f"{operations / 4e10 / 3600:.1f} hours"
    assert as_text(found).endswith(f"about 4e+10: {hours}")
    on_a_core = as_text(cost(settings, layout, "table1", CORE))
    assert f"time: {hours} to go, {hours} from nothing; of a CPU core, one run at a time" in on_a_core


def shown(encoder):
    pairs = []
    for module in encoder.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(lambda module, _, out: pairs.append((module, out)))
    with torch.no_grad():
        encoder.eval()(torch.zeros(1, 3, 32, 32))
    return pairs


def test_half_the_classes_are_half_the_images(layout):
    grid = [
        {
            "dataset": "cifar100",
            "encoder": "resnet10",
            "batch_size": 1000,
            "epochs": 2,
            "warmup_epochs": 0,
            "classes": [50, 100],
        }
    ]
    half, whole = cost(settings_of(grid=grid), layout, "all", CORE).runs
    assert whole.operations == pytest.approx(2 * half.operations)


def test_finished_runs_give_the_rate_and_are_not_to_do(layout):
    settings = settings_of()
    name = next(iter(settings.requests)).name
    one = task("twins", name, settings, layout)
    made = {
        "made": {"seconds": 100.0},
        "inputs": {},
        "settings": one.job.model_dump(mode="json"),
        "stage": "twins",
        "subject": name,
    }
    write_record(one.place.record, {**made, "code": {"VERSION": "0"}})
    assert [run.finished for run in cost(settings, layout, "all", CORE).runs] == [False, False]
    write_record(one.place.record, {**made, "code": one.code})
    found = cost(settings, layout, "all", CORE)
    assert [run.finished for run in found.runs] == [True, False]
    assert found.hours(todo_only=True) == pytest.approx(100 / 3600)
    assert found.hours(todo_only=False) == pytest.approx(200 / 3600)
    assert "2 runs, 1 of them finished" in as_text(found)


def test_an_unknown_target_is_refused_by_name(layout):
    with pytest.raises(SettingsError, match="target = 'table9': allowed is all or one of table1"):
        cost(settings_of(), layout, "table9", CORE)


def test_settings_files_beside_the_default_write_elsewhere_and_can_be_planned():
    root = Path(__file__).parents[2]
    default = read_params(root / "params.yaml")
    files = sorted((root / "params").glob("*.yaml"))
    assert [file.stem for file in files] == [
        "cifar100_gpu_hour",
        "cifar_two_cores",
        "paper",
        "released_code",
        "tiny_imagenet_two_cores",
    ]
    for file in (*files, root / "benchmarks" / "yardstick.yaml"):
        params = read_params(file)
        assert plan(params).requests
        assert params.results != default.results
        assert params.reports != default.reports
        assert params.claims == default.claims == {}  # verdicts by the claims' own rules


def test_images_stored_as_files_take_less_and_what_is_prepared_is_weighed(layout, tmp_path):
    known = plan(parse(Params, {"experiments": {"mine": {"grid": [{"dataset": "mini_imagenet"}]}}}, "settings"))
    assert cost(known, layout, "all", GPU).store_bytes == 60_000 * 3 * 224 * 224 * PACKED
    settings = plan(parse(Params, {"experiments": {"mine": {"grid": [{"dataset": "digits"}]}}}, "settings"))
    assert cost(settings, layout, "all", GPU).store_bytes == 1797 * 64
    make(task("prepare", "digits", settings, layout))
    lying = sum(path.stat().st_size for path in (layout.results / "data" / "digits" / "images").iterdir())
    assert cost(settings, layout, "all", GPU).store_bytes == lying > 1797 * 64
