import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.base import SettingsError, parse
from pipeline.config.params import Params
from pipeline.config.run import Run
from pipeline.jobs.chain import STAGES
from pipeline.jobs.task import tasks_of
from pipeline.planning.expansion import plan
from pipeline.planning.layout import Layout
from pipeline.train.schedule import rate_of

runs = st.builds(
    Run,
    dataset=st.sampled_from(["digits", "my-photos", "digit_pairs"]),
    classes=st.none() | st.integers(2, 1000),
    encoder=st.sampled_from(["resnet10", "resnet50", "vit_small"]),
    width=st.integers(4, 128),
    temperature=st.floats(1e-3, 10),
    max_grad_norm=st.none() | st.floats(0.1, 10),
    lars_exclude=st.sampled_from(["none", "bias_and_norm"]),
    horizon_epochs=st.none() | st.integers(1, 2000),
    shared=st.lists(st.sampled_from(["initialisation", "batches", "augmentations"]), unique=True).map(tuple),
    seed=st.integers(0, 10**6),
)


@given(runs, runs)
def test_a_name_gives_the_whole_run_back_and_different_runs_have_different_names(a, b):
    assert Run.from_name(a.name) == a
    assert (a == b) == (a.name == b.name)


def test_a_name_shows_what_differs_from_the_paper():
    assert Run(dataset="cifar10", temperature=0.1).name == "cifar10/temperature=0.1,seed=0"


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("digits", "expected dataset/field=value"),
        ("digits/seed", "'seed'"),
        ("digits/colour=red,seed=0", "unknown key 'colour'"),
        ("digits/temperature=-1,seed=0", "temperature = '-1'"),
        ("digits/seed=0,width=8", "canonical name of this run is 'digits/width=8,seed=0'"),
        ("digits/temperature=0.5,seed=0", "canonical name of this run is 'digits/seed=0'"),
        ("digits/seed=0,seed=1", "'seed=1'"),
    ],
)
def test_what_is_not_a_name_is_refused_with_the_reason(name, part):
    with pytest.raises(SettingsError, match=part.replace("(", r"\(")):
        Run.from_name(name)


def params(**experiments):
    return parse(Params, {"experiments": experiments}, "params.yaml")


def test_a_grid_is_the_product_of_its_lists():
    grid = {"dataset": "digits", "seed": [0, 1, 2], "temperature": [0.1, 1], "epochs": 3, "warmup_epochs": 0}
    found = plan(params(one={"grid": [grid]}))
    assert {(run.seed, run.temperature) for run in found.requests} == set(itertools.product([0, 1, 2], [0.1, 1]))
    assert {run.epochs for run in found.requests} == {3}


@pytest.mark.parametrize(
    "values",
    [
        *({"epochs": epochs} for epochs in (0, 9, 300)),
        *({"epochs": 5, "warmup_epochs": warmup} for warmup in (5, 6)),
        *({"epochs": epochs, "horizon_epochs": horizon} for epochs, horizon in ((50, 5), (5, 100))),
    ],
)
def test_a_warm_up_that_never_ends_is_named_while_planning(values):
    run = Run(dataset="digits", **values)
    rates = [rate_of(run, epoch, step, 7) for epoch in range(1, run.horizon + 1) for step in range(1, 8)]
    peak = run.learning_rate * run.batch_size / 256
    settings = params(one={"grid": [{"dataset": "digits", **values}]})
    if run.epochs and max(rates) < 0.99 * peak:
        with pytest.raises(SettingsError, match="the rate has to reach its peak"):
            plan(settings)
    else:
        assert plan(settings).requests


def test_a_shared_setting_in_a_grid_is_a_list_of_lists():
    found = plan(params(one={"grid": [{"dataset": "digits", "shared": [["batches"], []]}]}))
    assert [run.shared for run in found.requests] == [("batches",), ()]


def test_a_run_of_two_experiments_is_planned_once_with_all_they_ask_for():
    grid = [{"dataset": "digits", "epochs": 9, "warmup_epochs": 0}]
    found = plan(
        params(
            one={"grid": grid, "objectives": ["ce", "cl"], "checkpoints": [0, 3]},
            two={"grid": grid, "objectives": ["nscl"], "checkpoints": [3, 5, 400]},
        )
    )
    (request,) = found.requests.values()
    assert request.names == ("cl", "nscl", "ce")
    assert request.checkpoints == (0, 3, 5, 9)  # 400 is beyond the last epoch


def test_twins_that_all_seeds_train_are_compared_across_seeds():
    grid = {"dataset": "digits", "epochs": 4, "warmup_epochs": 0}
    wanted = plan(
        params(
            first={"grid": [{**grid, "seed": [0, 1, 2]}], "objectives": ["cl", "nscl", "scl"]},
            second={"grid": [{**grid, "seed": [0]}], "objectives": ["cl", "ce"]},
        )
    )
    job = STAGES["between_seeds"].job(wanted, wanted.experiments["first"][0].setting.name)
    assert [run.seed for run in job.runs] == [0, 1, 2]
    assert job.objectives == ("cl", "nscl", "scl")


def test_all_classes_and_their_number_are_the_same_run_which_every_stage_shares():
    found = plan(params(one={"grid": [{"dataset": "digits"}, {"dataset": "digits", "classes": 10}]}))
    (run,) = found.requests
    assert found.request(run.name)[0] is run


def test_a_run_that_two_entries_of_a_grid_ask_for_counts_once():
    grid = [{"dataset": "digits", "seed": [0, 1]}, {"dataset": "digits", "temperature": [0.5, 1.0]}]
    assert [(run.seed, run.temperature) for run in plan(params(one={"grid": grid})).experiments["one"]] == [
        (0, 0.5),
        (1, 0.5),
        (0, 1.0),
    ]


WRONG_NAMES = ["", ".", "-rf", "a/b", "a b", "{a}", "a\n", "a,b=1", "$(touch x)", "a" * 65]


@pytest.mark.parametrize("name", ["..", *WRONG_NAMES])
def test_a_dataset_is_not_called_what_a_path_or_a_rule_cannot_bear(name):
    with pytest.raises(SettingsError, match=r"datasets: expected a name of"):
        plan(parse(Params, {"experiments": {}, "datasets": {name: {"source": "digits"}}}, "params.yaml"))


@pytest.mark.parametrize("name", [".x", "a.b", "controls", *WRONG_NAMES])
def test_an_experiment_is_not_called_what_a_path_a_rule_or_a_command_cannot_bear(name):
    with pytest.raises(SettingsError, match=r"experiments: expected a name of"):
        plan(params(**{name: {"grid": [{"dataset": "digits"}]}}))


@pytest.mark.parametrize("name", ["all", "prepared", "_x", "2", "a-b", "é", "a" * 64])
def test_any_other_name_of_an_experiment_is_its_subject_in_every_stage(name, tmp_path):
    found = plan(params(**{name: {"grid": [{"dataset": "digits"}]}}))
    (comparison,) = (task for task in tasks_of(found, Layout(tmp_path, tmp_path)) if task.stage.name == "comparison")
    assert comparison.subject == name
    assert re.fullmatch("[^/.]+", name)  # as rules read it
    assert not name.startswith("-")  # as the command line reads it


@pytest.mark.parametrize("key", ["results", "reports", "downloads"])
def test_a_folder_is_not_called_what_a_rule_or_a_path_cannot_bear(key):
    def planned(name):
        return plan(parse(Params, {"experiments": {}, key: name}, "params.yaml"))

    for name in ("", "-x", " x", "{results}", "a}", "a\nb", "a\ud800", "\udfff"):
        with pytest.raises(SettingsError, match=rf"{key}: expected a path without"):
            planned(name)
    for name in ("a/" * 501, "a/" + "é" * 128, "x" * 256):
        with pytest.raises(SettingsError, match=rf"{key}: expected at most"):
            planned(name)
    assert planned(f"/{'x' * 255}/é").requests == {}


def test_a_run_that_no_experiment_asks_for_trains_the_papers_objectives():
    run, request = plan(params(one={"grid": [{"dataset": "digits"}]})).request("digits/epochs=2,seed=5")
    assert (run.seed, request.names, request.checkpoints) == (5, ("cl", "nscl", "scl", "ce"), (0, 2))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"dataset": "digits", "temperature": [0.5, -1]}, r"grid\[0\]: temperature = -1: .*greater than 0"),
        ({"dataset": "digits", "classes": 11}, r"classes: expected 2 to 10, as digits has, got 11"),
        ({"dataset": "mnist"}, r"mnist.*digit_pairs|digit_pairs.*mnist"),
        ({"dataset": "digits", "encoder": "resnet34"}, r"encoder.*expected.*resnet18.*'resnet34'"),
        ({"temperature": 1}, r"dataset is missing"),
        ({"dataset": "digits", "seed": []}, r"grid\[0\].seed.* one value or more"),
        ({"dataset": "digits", "seed": [0, 1, 0]}, r"expected each run once, got digits/classes=10,seed=0 twice"),
        ({"dataset": "digits", "classes": [10, None]}, r"classes=10,seed=0 twice"),
        ({"dataset": "digits", "seed": 2**63}, r"seed.* at most 9223372036854775807"),
        ({"dataset": "digits", "batch_size": 1438}, r"batch_size.*1437"),
        ({"dataset": "digit_pairs", "batch_size": 10**400}, r"batch_size.* at most"),
        ({"dataset": "digits", "encoder": "vit_base"}, r"grid\[0\]: vit_base cuts .* 14 x 14 patches.* 8 x 8 pixels"),
        ({"dataset": "digits", "encoder": "vit_small", "width": 5}, r"width = 5 gives 30 columns, which its 12 heads"),
        ({"dataset": "digits", "seed": [0] * 1000, "width": [8] * 1000}, r"1,000,000.*10,000|10,000.*1,000,000"),
    ],
)
def test_a_wrong_combination_is_named_with_what_is_allowed(entry, message):
    with pytest.raises(SettingsError, match=message):
        plan(params(one={"grid": [entry]}))


def test_a_batch_larger_than_the_images_of_ones_own_folder_is_refused_at_once(tmp_path):
    for label in ("moss", "rust"):
        (tmp_path / "train" / label).mkdir(parents=True)
        for number in range(5):
            (tmp_path / "train" / label / f"{number}.png").touch()
    dataset = {"source": "folder", "paths": [str(tmp_path)]}

    def planned(batch, **more):
        experiments = {"mine": {"grid": [{"dataset": "lichens", "batch_size": batch}]}}
        return plan(parse(Params, {"datasets": {"lichens": {**dataset, **more}}, "experiments": experiments}, "x"))

    assert len(planned(10).requests) == 1
    with pytest.raises(SettingsError, match=r"batch_size.*10"):
        planned(11)
    assert planned(11, classes=2).requests  # nothing is counted, and the folder need not be there


def test_an_experiment_without_objectives_and_an_unknown_source_are_refused():
    with pytest.raises(SettingsError, match=r"experiments.one.objectives = \[\]: .* at least 1 item"):
        params(one={"objectives": [], "grid": [{"dataset": "digits"}]})
    values = {"datasets": {"x": {"source": "web"}}, "experiments": {"one": {"grid": [{"dataset": "digits"}]}}}
    with pytest.raises(SettingsError, match=r"datasets\.x\.source.* one of arrays, cifar10.*folder"):
        plan(parse(Params, values, "params.yaml"))


@pytest.mark.parametrize(("stage", "lacking"), [("curvature", "cl"), ("loss_gap", "nscl"), ("merging", "nscl")])
def test_what_needs_a_twin_that_is_not_trained_is_refused_by_name(stage, lacking):
    others = [name for name in ("cl", "nscl", "scl") if name != lacking]
    grid = [{"dataset": "digits"}]
    settings = {"experiments": {"table1": {"objectives": others, "grid": grid}}}
    found = plan(parse(Params, settings, "settings"))
    (run,) = found.requests
    with pytest.raises(SettingsError, match=f"{run.name}: expected a run that trains {lacking}, got "):
        STAGES[stage].job(found, run.name)
