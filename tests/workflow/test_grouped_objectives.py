"""Objectives with groups in place of classes, as settings name them."""

import pytest

from pipeline.config.base import SettingsError, parse
from pipeline.config.params import Params
from pipeline.jobs.chain import STAGES
from pipeline.planning.expansion import plan


def params(**experiments):
    return parse(Params, {"experiments": experiments}, "params.yaml")


DIGIT_MAP = "class,group\n" + "".join(f"{digit},{'odd' if digit % 2 else 'even'}\n" for digit in range(10))


def grouped(labels, objective="nscl", **more):
    return {"objective": objective, "labels": labels, **more}


def planned_twins(*objectives, **experiments):
    grid = [{"dataset": "digits"}]
    every = {"one": {"objectives": ["cl", *objectives], "grid": grid}, **experiments}
    return plan(params(**every))


def test_twins_with_groups_are_named_after_objective_and_labels(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "parity.csv").write_text(DIGIT_MAP)
    labels = ("maps/parity.csv", "random/5", "random_images/7", "random_half")
    found = planned_twins(*map(grouped, labels), grouped("random/2", "scl"), grouped("random/2", name="mine"))
    (request,) = found.requests.values()
    assert request.names == (
        "cl",
        "nscl_parity",
        "nscl_random_5",
        "nscl_random_images_7",
        "nscl_random_half",
        "scl_random_2",
        "mine",
    )


def test_what_a_map_says_decides_the_twins_job_and_where_it_lies_does_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def job(text, folder="."):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "parity.csv").write_text(text)
        found = planned_twins(grouped(f"{folder}/parity.csv"))
        (run,) = found.requests
        return STAGES["twins"].job(found, run.name)

    assert job(DIGIT_MAP) == job(DIGIT_MAP, "elsewhere")
    assert job(DIGIT_MAP) != job(DIGIT_MAP.replace("9,odd", "9,even"))
    assert "even" in job(DIGIT_MAP).model_dump_json()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (grouped("random/11"), r"experiments\.one\.objectives: nscl_random_11: expected 2 to 10 groups, got 11"),
        (grouped("cifar100/two"), "nscl_two: expected a group for each of the 10 classes, got rows of 100"),
        (grouped("random/2", "cl"), "cl with labels: expected an objective that reads the true labels"),
        (grouped("random/2", "nscl_shuffled"), "nscl_shuffled with labels: expected an objective that reads the true"),
        (grouped("random/2", "nslc"), "expected one of cl, .*, got 'nslc'"),
        (grouped("random/2", name="nscl"), "name: expected up to 64 letters, .*, got 'nscl'"),
        (grouped("random/2", name="../nscl"), r"name: expected up to 64 letters, .*, got '\.\./nscl'"),
        (grouped("parity"), "labels: expected FILE.csv, .*, got 'parity'"),
    ],
)
def test_groups_that_cannot_be_are_refused_while_planning(entry, message):
    with pytest.raises(SettingsError, match=message):
        planned_twins(entry)


def test_one_name_for_two_groupings_of_a_run_is_refused_also_across_experiments():
    grid = [{"dataset": "digits"}]
    same = {"objectives": [grouped("random/2")], "grid": grid}
    assert planned_twins(grouped("random/2"), two=same).requests
    with pytest.raises(
        SettingsError, match=r"two\.objectives: nscl_random_2 has two meanings: expected another `name`"
    ):
        planned_twins(grouped("random/5", name="nscl_random_2"), two=same)


def test_other_datasets_of_a_plan_are_asked_too():
    grid = [{"dataset": "cifar100"}, {"dataset": "cifar10"}]
    with pytest.raises(SettingsError, match="nscl_two: expected a group for each of the 10 classes"):
        plan(params(one={"objectives": ["cl", grouped("cifar100/two")], "grid": grid}))
