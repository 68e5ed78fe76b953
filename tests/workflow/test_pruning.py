"""With `checkpoint_retention: last` a run keeps its last checkpoints alone once nothing reads the others."""

from pathlib import Path

import pytest

from pipeline.config.params import read_params
from pipeline.jobs.pruning import readers
from pipeline.jobs.task import task_of, tasks_of
from pipeline.planning.expansion import plan
from tests.workflow.conftest import LAYOUT, ROOT, RUN

OTHER = RUN.replace("seed=0", "seed=1")
KEPT = {"cl-epoch0001.safetensors", "nscl-epoch0001.safetensors"}
ALL = KEPT | {"cl-epoch0000.safetensors", "nscl-epoch0000.safetensors"}
ALL |= {f"{twin}-step000001.safetensors" for twin in ("cl", "nscl")}


def files(project, run):
    return {path.name for path in (project.folder("twins", run) / "checkpoints").glob("*.safetensors")}


@pytest.fixture
def thin(project):
    """The finished project, pruned afterwards."""
    project.edit("params.yaml", "results: results", "checkpoint_retention: last\nresults: results")
    assert "GB deleted" in project.pipeline("thin")
    return project


@pytest.mark.parametrize("settings", ["params.yaml", "params/paper.yaml", "params/cifar_two_cores.yaml"])
def test_readers_are_all_tasks_that_read_the_checkpoints(settings):
    wanted = plan(read_params(ROOT / settings), Path(settings))
    found = {}
    for reader in tasks_of(wanted, LAYOUT):
        for run in reader.stage.reads(reader.job).get("checkpoints", ()):
            found.setdefault(run, set()).add((reader.stage.name, reader.subject))
    for name in list(wanted.named)[:: max(1, len(wanted.named) // 10)]:
        assert {(one.stage.name, one.subject) for one in readers(task_of("twins", name, wanted, LAYOUT))} == found[name]


def test_earlier_checkpoints_go_and_nothing_is_made_again(thin):
    for run in (RUN, OTHER):
        assert files(thin, run) == KEPT
    assert thin.stale("--deep") == []
    assert thin.planned("all") == set()
    assert "finished already" in thin.pipeline("twins", RUN)


@pytest.mark.long
def test_results_of_the_last_epoch_are_made_again_and_others_name_what_to_do(thin):
    assert thin.pipeline("thin") == "0.00 GB deleted\n"
    result = thin.folder("merging", RUN) / "merging.csv"
    before = result.read_bytes()
    result.unlink()
    thin.pipeline("merging", RUN)
    assert result.read_bytes() == before
    output = thin.pipeline("measure", RUN, check=False)
    assert "cl-epoch0000.safetensors: no such checkpoint" in output
    assert "Traceback" not in output
    thin.pipeline("remake", RUN)
    thin.pipeline("twins", RUN)
    assert files(thin, RUN) == ALL
    thin.pipeline("measure", RUN)
    assert files(thin, RUN) == KEPT
    (thin.folder("twins", RUN) / "checkpoints" / "cl-epoch0001.safetensors").unlink()
    assert "cl-epoch0001.safetensors is missing" in "".join(thin.stale())


@pytest.mark.long
def test_nothing_goes_while_a_result_is_still_to_be_made_or_without_the_setting(project):
    project.pipeline("merging", RUN)
    assert files(project, RUN) == ALL
    project.edit("params.yaml", "results: results", "checkpoint_retention: last\nresults: results")
    (project.folder("curvature", RUN) / "record.json").unlink()
    project.pipeline("thin")
    assert files(project, RUN) == ALL
    assert files(project, OTHER) == KEPT
    project.pipeline("curvature", RUN)
    assert files(project, RUN) == KEPT
