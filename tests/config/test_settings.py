import csv
import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pipeline.config.base import SettingsError, parse
from pipeline.config.params import Params, read_params
from pipeline.config.run import Run
from pipeline.config.schema import schema
from pipeline.config.view_settings import ViewRecipe
from pipeline.config.yaml_file import read_values
from pipeline.planning.expansion import plan

ROOT = Path(__file__).parents[2]


def test_the_schema_on_disk_is_that_of_the_types():
    written = json.loads((ROOT / "workflow" / "schemas" / "params.schema.json").read_text())
    assert written == schema(), "run `make schema`"


def test_the_default_settings_are_valid():
    assert "table1" in read_params(ROOT / "params.yaml").experiments


@pytest.mark.parametrize("path", sorted((ROOT / "params").glob("*.yaml")), ids=lambda path: path.stem)
def test_settings_beside_the_default_give_a_plan(path):
    found = plan(read_params(path))
    assert found.requests
    for run in found.requests:
        assert Run.from_name(run.name) == run


PUBLISHED = ["table1", "trajectory", "classes", "temperature", "batch", "duration", "encoders", "merging"]


@pytest.mark.parametrize("name", ["paper", "released_code"])
def test_both_forms_of_the_papers_setting_have_all_of_its_experiments_and_epochs(name):
    found = plan(read_params(ROOT / "params" / f"{name}.yaml"))
    assert set(PUBLISHED) <= set(found.experiments)
    with (ROOT / "reports" / "reference" / "paper_values.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        artifact, dataset = row["artifact"], row["dataset"]
        experiment = {"fig2": "trajectory", "fig3": "classes", "fig4": "temperature", "fig5": "batch"}.get(artifact[:4])
        if experiment is None:
            continue
        runs = [run for run in found.experiments[experiment] if run.dataset == dataset]
        if experiment == "classes":
            runs = [run for run in runs if run.classes == int(artifact.removeprefix("fig3_C"))]
        elif experiment == "temperature":
            runs = [run for run in runs if run.temperature == float(artifact.rpartition("_")[2])]
        elif experiment == "batch":
            rule, _, batch = artifact.removeprefix("fig5_").rpartition("_B")
            runs = [
                run
                for run in runs
                if (run.learning_rate_rule.removesuffix("_published"), run.batch_size) == (rule, int(batch))
            ]
            if rule != "linear":
                runs = [run for run in runs if run.learning_rate_rule.endswith("_published")]
        assert runs, row
        assert all(int(row["epoch"]) in found.requests[run].checkpoints for run in runs), row


@pytest.mark.parametrize("name", ["paper", "released_code"])
def test_every_seed_of_the_class_experiment_has_classes_of_its_own(name):
    found = plan(read_params(ROOT / "params" / f"{name}.yaml"))
    part = [run for run in found.experiments["classes"] if run.classes != found.dataset(run.dataset).classes]
    assert {run.subset.rpartition("=")[2] for run in part if run.seed == 2} == {"2"}


def test_the_released_code_differs_from_the_text_where_the_documentation_says_so():
    text, code = (plan(read_params(ROOT / "params" / f"{name}.yaml")) for name in ("paper", "released_code"))
    for run in code.requests:
        assert (run.schedule, run.lars_exclude, run.max_grad_norm) == ("released_code", "none", 1.0)
        assert (run.denominator, run.ce_head) == ("released_code", "projection")
        assert run.horizon == (301 if run.dataset == "imagenet1k" else 1201)
        assert run.projection == (64 if run.dataset == "cifar10" else 128)
    for run in text.requests:
        assert (run.schedule, run.lars_exclude, run.max_grad_norm) == ("warmup_then_cosine", "bias_and_norm", None)
        assert (run.denominator, run.ce_head, run.projection) == ("paper", "features", 128)
        assert (run.horizon, run.batches) == (run.epochs, "permutation")
    assert {run.batches for run in code.runs_of("table1", "batch")} == {"class_weighted"}
    assert {run.batches for run in code.runs_of("classes")} == {"permutation"}
    assert code.dataset("mini_imagenet").views.blur_sigma == (1.5, 1.5)
    assert code.dataset("mini_imagenet").views.blur_kernel == 3
    same = {"blur_kernel", "blur_sigma"}
    for name in ("mini_imagenet", "imagenet1k"):
        ours, known = (dict(found.dataset(name).views) for found in (code, text))
        assert {key for key in ours if ours[key] != known[key]} == same
        assert dict(code.dataset(name)) | {"views": None} == dict(text.dataset(name)) | {"views": None}


def test_label_granularity_has_controls_of_equal_size_for_what_it_merges():
    found = plan(read_params(ROOT / "params" / "label_granularity.yaml"))
    assert len(found.requests) == 8
    for request in found.requests.values():
        assert (request.checkpoints, request.steps) == ((0, 1, 2, 4, 8), (10, 25, 50, 100))
        merged = ("nscl_superclasses", "nscl_five", "nscl_two", "nscl_random_20", "nscl_random_2")
        images = ("nscl_random_images_20", "nscl_random_images_5", "nscl_random_images_2")
        controls = ("nscl_shuffled", "nscl_animals", "nscl_random_half", "cl_perturbed")
        assert set(request.names) == {"cl", "nscl", *merged, *images, *controls}
        groups = {one.name: one.groups for one in request.objectives if one.groups}
        counts = {name: one.count or len({group for _, group in one.classes}) for name, one in groups.items()}
        assert [counts[name] for name in (*merged, *images)] == [20, 5, 2, 20, 2, 20, 5, 2]


def test_batches_of_a_few_classes_differ_in_nothing_else():
    found = plan(read_params(ROOT / "params" / "batch_composition.yaml"))
    assert len({run.model_copy(update={"batches": ""}) for run in found.requests}) == 5  # seeds
    assert {run.batches for run in found.requests} == {f"{count}_classes" for count in (100, 25, 10, 2)}


def test_path_length_has_eight_seeds_of_the_controls_and_four_of_the_supervised_losses():
    found = plan(read_params(ROOT / "params" / "path_length.yaml"))
    supervised = {"scl", "ce"}
    assert {run.seed for run in found.requests} == set(range(8))
    for run, request in found.requests.items():
        assert set(request.names) - supervised == {"cl", "nscl", "nscl_shuffled", "cl_independent", "cl_perturbed"}
        assert (supervised <= set(request.names)) == (run.seed < 4)
        assert len(request.checkpoints) == 8


def test_other_objectives_are_twins_in_runs_of_the_default_settings():
    found, default = (plan(read_params(ROOT / path)) for path in ("params/other_objectives.yaml", "params.yaml"))
    assert {run.seed for run in found.requests} == set(range(4))
    assert set(found.requests) <= set(default.requests)
    pairs = {"infonce", "spectral", "vicreg", "barlow"}
    names = {"cl", "nscl", "cl_perturbed", *pairs, *(f"{name}_supervised" for name in pairs)}
    for request in found.requests.values():
        assert set(request.names) == names


runs = st.builds(
    Run,
    dataset=st.just("digits"),
    classes=st.none() | st.integers(2, 10),
    subset_seed=st.none() | st.integers(0, 5),
    lars_exclude=st.sampled_from(["none", "bias_and_norm"]),
    max_grad_norm=st.none() | st.just(1.0),
    optimiser=st.sampled_from(["lars", "sgd"]),
    schedule=st.sampled_from(["warmup_then_cosine", "released_code"]),
    batches=st.sampled_from(["permutation", "class_weighted", "2_classes"]),
    seed=st.integers(0, 5),
)


@given(runs, runs)
def test_a_name_says_how_a_run_is_trained_and_on_which_classes(a, b):
    assert Run.from_name(a.name) == a
    assert (a == b) == (a.name == b.name)


@given(runs)
def test_classes_are_drawn_anew_for_each_seed_unless_a_seed_is_set(run):
    drawn = run.subset.rpartition("seed=")[2]
    assert drawn == str(run.seed if run.subset_seed is None else run.subset_seed)
    assert run.setting == run.model_copy(update={"seed": 0})


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("optimiser", "input should be 'lars' or 'sgd'"),
        ("schedule", "input should be"),
        ("batches", "string should match pattern '^(permutation|class_weighted|"),
    ],
)
def test_another_way_to_train_is_refused(key, expected):
    with pytest.raises(SettingsError, match=re.escape(f"{key} = 'other': {expected}")):
        parse(Run, {"dataset": "digits", key: "other"}, "run")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("experiments: {}\ncolour: red", "unknown key 'colour'"),
        ("training: {momentum: 1.5}\nexperiments: {}", "training.momentum = 1.5: .*less than 1"),
        ("{}", "experiments is missing"),
        ("experiments: {a: {grid: [{}], objectives: [1]}}", r"a\.objectives\.0\.name = 1: .*valid string"),
        (
            "experiments: {a: {grid: [{}], objectives: [{objective: nscl}]}}",
            r"experiments\.a\.objectives\.0\.groups\.labels is missing",
        ),
        (
            "experiments: {a: {grid: [{}], objectives: [{objective: nscl, label: x.csv}]}}",
            r"unknown key 'experiments\.a\.objectives\.0\.groups\.label': did you mean .*labels\?",
        ),
        ("experiments: {a: {grid: []}}", r"experiments.a.grid = \[\]"),
        (
            "experiments: {a: {grid: [{seed: [0, true]}]}}",
            r"experiments: a\.grid\.0\.seed\.1 is true or false, expected a n",
        ),
        ("experiments: {}\nlate_path_length: true", r"late_path_length: is true or false"),
        (
            "experiments: {}\ntraining: {epochs: yes}",
            r"line 2: yes differs between YAML 1\.1 and 1\.2: expected .* quotes",
        ),
        ("- 1", "expected a mapping"),
        ("a: [", "line 1: not YAML"),
        ("experiments:\n\ttable1: {}", "line 2: not YAML: .*: expected spaces, got a tab"),
        ("training: {}\nexperiments:\n  mine: {grid: [{}]}\n  mine: {grid: [{}]}", 'line 4: .*duplicate key "mine"$'),
        ("experiments: {a: {grid: [{seed: 1, epochs: 2, seed: 2}]}}", 'line 1: .*duplicate key "seed"$'),
        ("late_path_length: " + "9" * 5001, "not YAML: .* digits"),
        ("late_path_length: 2026-13-45", "not YAML: month"),
        ("a: " + "[" * 600 + "]" * 600, "not YAML: .*recursion"),
        ("late_path_length: 1 # \udcff", "not UTF-8 text at byte 22"),
        (None, "no such file"),
    ],
)
def test_wrong_files_are_refused_by_key_value_and_limit(tmp_path, text, message):
    path = tmp_path / "params.yaml"
    if text is not None:
        path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(SettingsError, match=message) as raised:
        read_params(path)
    assert str(path) in str(raised.value)


def test_a_merged_block_may_be_changed(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("a: &a {x: 1, y: 2}\nb: &b {<<: *a, x: 3}\nc: {<<: *b, x: 4}\nd: *b\n")
    assert read_values(path)["c"] == {"x": 4, "y": 2}


@pytest.mark.parametrize(
    "recipe", [{"crop_scale": [0.5, 0.1]}, {"crop_scale": [0.5, 1.5]}, {"size": [0, 8]}, {"blur_kernel": 4}]
)
def test_recipes_out_of_range_are_refused(recipe):
    with pytest.raises(SettingsError, match="expected"):
        parse(ViewRecipe, recipe, "views")


def test_an_editor_shows_what_a_setting_means_and_may_be():
    training = schema()["$defs"]["TrainingSettings"]["properties"]
    assert training["trust_coefficient"]["description"] == "LARS trust coefficient"
    assert "resnet10" in training["encoder"]["anyOf"][0]["enum"]


@pytest.mark.parametrize(
    "text",
    ["0", "-0", "12", "+3", "-7", "0x1F", "1.5", ".5", "00.5", "1.", "1.5e+3", "-.inf", "'010'", "'1:30'", "true"],
)
def test_values_are_those_of_snakemakes_reader(tmp_path, text):
    path = tmp_path / "params.yaml"
    path.write_text(f"a: [{text}, {{b: {text}}}]\n")
    assert read_values(path) == yaml.safe_load(path.read_text())


@pytest.mark.parametrize("text", ["010", "-017", "1:30", "1:30.5", "yes", "No", "ON", "off"])
@pytest.mark.parametrize("form", ["a: {0}", "- x\n- b: [1, {0}]", "{0}: 1", "&n {0}"])
def test_a_value_that_snakemake_reads_differently_is_refused(tmp_path, text, form):
    path = tmp_path / "params.yaml"
    path.write_text(form.format(text))
    assert yaml.safe_load(path.read_text()) != YAML(typ="safe", pure=True).load(path)
    line = 1 + form.partition("{0}")[0].count("\n")
    with pytest.raises(SettingsError, match=rf"params\.yaml, line {line}: {text} differs between YAML 1\.1 and 1\.2"):
        read_values(path)


def test_json_is_read_too(tmp_path):
    (tmp_path / "params.json").write_text('{"a": 10}')
    assert read_values(tmp_path / "params.json") == {"a": 10}


@pytest.mark.parametrize(
    ("values", "key", "meant"),
    [
        ({"epochs": 5}, "epochs", "training.epochs"),
        ({"temperature": 5}, "temperature", "training.temperature"),
        ({"trainig": {}}, "trainig", "training"),
        ({"training": {"epoch": 5}}, "training.epoch", "training.epochs"),
        ({"training": {"solver": "lbfgs"}}, "training.solver", "probes.solver"),
        ({"theory": {"simulation": {"step": 1}}}, "theory.simulation.step", "theory.simulation.steps"),
        ({"datasets": {"pets": {"source": "folder", "sise": 8}}}, "datasets.pets.sise", "datasets.pets.size"),
        ({"datasets": {"pets": {"source": "folder", "flip": 0}}}, "datasets.pets.flip", "datasets.NAME.views.flip"),
        ({"claims": {"any": {"abov": 1}}}, "claims.any.abov", "claims.any.above"),
    ],
)
def test_an_unknown_key_is_named_with_the_one_that_is_meant(values, key, meant):
    with pytest.raises(SettingsError, match=rf"settings: unknown key '{key}': did you mean {meant}\?"):
        parse(Params, {"experiments": {}, **values}, "settings")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"colour": "red", "experiments": {}}, r"unknown key 'colour'$"),  # nothing is similar
        (
            {"experiments": {"a": {"grid": [{"dataset": "digits", "batchsize": 8}]}}},
            r"unknown key 'batchsize': did you mean batch_size\?",
        ),
    ],
)
def test_so_is_one_of_a_grid_and_one_that_nothing_is_like(values, message):
    with pytest.raises(SettingsError, match=message):
        plan(parse(Params, values, "settings"))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({}, "expected exactly one of above, below and within"),
        ({"above": 0, "within": 0.1}, "expected exactly one of above, below and within"),
        ({"within": 0.1, "each": True}, "each: expected above or below, got within"),
        ({"within": 0}, "greater than 0"),
    ],
)
def test_a_claim_has_one_rule(rule, message):
    with pytest.raises(SettingsError, match=message):
        parse(Params, {"experiments": {}, "claims": {"stays_aligned": rule}}, "settings")
