"""With `checkpoint_retention: last` a run keeps its last checkpoints alone once nothing reads the others any more."""

from pathlib import Path

import pytest

from pipeline.config.base import parse
from pipeline.config.params import Params, read_params
from pipeline.jobs.cost import GPU, as_text, cost
from pipeline.jobs.pruning import readers
from pipeline.jobs.task import task, tasks
from pipeline.planning.expansion import plan
from pipeline.planning.layout import Layout

RUN = "digits/classes=4,encoder=resnet10,width=4,projection=8,batch_size=256,epochs=1,warmup_epochs=0,seed=0"
OTHER = RUN.replace("seed=0", "seed=1")
KEPT = {"cl-epoch0001.safetensors", "nscl-epoch0001.safetensors"}
ALL = KEPT | {"cl-epoch0000.safetensors", "nscl-epoch0000.safetensors"}


def files(project, run):
    return {path.name for path in (project.folder("twins", run) / "checkpoints").glob("*.safetensors")}


@pytest.fixture
def thin(project):
    """The finished project, thinned afterwards."""
    project.edit("params.yaml", "results: results", "checkpoint_retention: last\nresults: results")
    assert "GB deleted" in project.pipeline("thin")
    return project


@pytest.mark.parametrize("settings", ["params.yaml", "params/paper.yaml", "params/cifar_two_cores.yaml"])
def test_readers_are_all_tasks_that_read_the_checkpoints(settings):
    wanted = plan(read_params(Path(settings)), Path(settings))
    layout = Layout(Path("results"), Path("reports"))
    found = {}
    for one in tasks(wanted, layout):
        for run in one.stage.reads(one.job).get("checkpoints", ()):
            found.setdefault(run, set()).add((one.stage.name, one.subject))
    for name in list(wanted.named)[:: max(1, len(wanted.named) // 10)]:
        run = task("twins", name, wanted, layout)
        assert {(one.stage.name, one.subject) for one in readers(run)} == found[name]


def test_earlier_checkpoints_go_and_nothing_is_made_again(thin):
    for run in (RUN, OTHER):
        assert files(thin, run) == KEPT
    for deep in ([], ["--deep"]):
        assert "finished results, all as" in thin.pipeline("verify", *deep)
    assert thin.planned("all") == set()
    assert thin.pipeline("thin") == "0.00 GB deleted\n"
    assert "finished already" in thin.pipeline("twins", RUN)


@pytest.mark.long
def test_what_reads_the_last_epoch_alone_can_be_made_again(thin):
    result = thin.folder("merging", RUN) / "merging.csv"
    before = result.read_bytes()
    result.unlink()
    thin.pipeline("merging", RUN)
    assert result.read_bytes() == before


@pytest.mark.long
def test_what_reads_an_earlier_epoch_says_what_to_do(thin):
    output = thin.pipeline("measure", RUN, check=False)
    assert "cl-epoch0000.safetensors: no such checkpoint" in output
    assert "Traceback" not in output
    thin.pipeline("remake", RUN)
    thin.pipeline("twins", RUN)
    assert files(thin, RUN) == ALL
    thin.pipeline("measure", RUN)
    assert files(thin, RUN) == KEPT


@pytest.mark.long
def test_a_last_checkpoint_that_is_not_there_is_named(thin):
    (thin.folder("twins", RUN) / "checkpoints" / "cl-epoch0001.safetensors").unlink()
    assert "cl-epoch0001.safetensors is missing" in thin.pipeline("verify", check=False)


@pytest.mark.long
def test_nothing_goes_while_a_result_is_still_to_be_made(project):
    project.edit("params.yaml", "results: results", "checkpoint_retention: last\nresults: results")
    (project.folder("curvature", RUN) / "record.json").unlink()
    project.pipeline("thin")
    assert files(project, RUN) == ALL
    assert files(project, OTHER) == KEPT
    project.pipeline("curvature", RUN)
    assert files(project, RUN) == KEPT


@pytest.mark.long
def test_with_all_checkpoints_nothing_goes_by_itself(project):
    project.pipeline("merging", RUN)
    assert files(project, RUN) == ALL


def test_the_cost_is_that_of_the_last_epochs(tmp_path):
    grid = [
        {
            "dataset": "cifar100",
            "encoder": "resnet10",
            "batch_size": 1000,
            "epochs": 3,
            "warmup_epochs": 0,
            "seed": [0, 1],
        }
    ]
    experiments = {"trajectory": {"grid": grid, "checkpoints": [0, 1, 2, 3], "objectives": ["cl", "nscl"]}}
    layout = Layout(tmp_path / "results", tmp_path / "reports")
    every, last = (
        cost(
            plan(parse(Params, {"checkpoint_retention": keep, "experiments": experiments}, "settings")),
            layout,
            "all",
            GPU,
        )
        for keep in ("all", "last")
    )
    assert last.checkpoint_bytes == pytest.approx(every.checkpoint_bytes / 4)
    assert every.passing_bytes == 0.0
    assert last.passing_bytes == pytest.approx(every.checkpoint_bytes * 3 / 4)  # of both seeds
    assert every.bytes - last.bytes == pytest.approx(last.passing_bytes)
    assert "more until a setting is measured" in as_text(last)
