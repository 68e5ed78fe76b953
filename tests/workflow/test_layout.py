"""Folders of results: short names, one for every run, found again in the list of runs."""

import pandas as pd
import pytest

from pipeline.config.params import read_params
from pipeline.jobs.runs_table import list_runs
from pipeline.jobs.task import tasks_of
from pipeline.planning.expansion import plan
from pipeline.planning.layout import Layout, short_name
from tests.workflow.conftest import LAYOUT, ROOT


def test_a_short_name_has_a_few_words_and_a_digest_of_all_settings():
    first = short_name("digits/classes=4,encoder=resnet10,trust_coefficient=0.1,seed=0")
    assert first.startswith("digits/resnet10-4classes-seed0-")
    assert first != short_name("digits/classes=4,encoder=resnet10,trust_coefficient=0.2,seed=0")
    assert short_name("digits/encoder=my nets/mine.py:build,seed=3").startswith("digits/my_nets_mine.py_build-seed3-")
    for name in ("digits", "fig2_trajectory", "{subject}", ""):
        assert short_name(name) == name


@pytest.mark.parametrize("file", ["released_code.yaml", "paper.yaml", "cifar_two_cores.yaml"])
def test_no_two_results_of_a_plan_share_a_folder_and_none_is_long(file):
    every = list(tasks_of(plan(read_params(ROOT / "params" / file)), LAYOUT))
    records = {task.place.record for task in every}
    assert len(records) == len(every)
    assert max(len(part) for path in records for part in path.parts) < 80
    assert not any("," in str(path) for path in records)  # Snakemake cuts wildcards at commas on clusters


def test_the_list_of_runs_has_each_with_its_settings_and_keeps_those_of_other_settings_files(tmp_path):
    layout = Layout(tmp_path, tmp_path)
    ours, theirs = (
        [task for task in tasks_of(plan(read_params(ROOT / "params" / file)), layout) if task.stage.is_training]
        for file in ("tiny_imagenet_two_cores.yaml", "cifar_two_cores.yaml")
    )
    for some in (ours, theirs, ours):
        list_runs(layout, some)
    table = pd.read_csv(tmp_path / "runs.csv").set_index("folder")
    assert len(table) == len(ours) + len(theirs)
    for task in (*ours, *theirs):
        row = table.loc[task.place.name]
        assert row["run"] == task.subject
        assert (row["batch_size"], row["seed"]) == (task.job.run.batch_size, task.job.run.seed)
