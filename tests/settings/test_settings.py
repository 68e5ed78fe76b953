import json
from pathlib import Path

import pytest

from pipeline.settings.base import SettingsError, parse
from pipeline.settings.experiments import read_params
from pipeline.settings.views import ViewRecipe
from pipeline.workflow.schema import schema

ROOT = Path(__file__).parents[2]


def test_the_schema_on_disk_is_that_of_the_types():
    written = json.loads((ROOT / "workflow" / "schemas" / "params.schema.json").read_text())
    assert written == schema(), "run `make schema`"


def test_the_default_settings_are_valid():
    assert "table1" in read_params(ROOT / "params.yaml").experiments


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("experiments: {}\ncolour: red", "unknown key 'colour'"),
        ("training: {momentum: 1.5}\nexperiments: {}", "training.momentum = 1.5: .*less than 1"),
        ("{}", "experiments is missing"),
        ("experiments: {a: {grid: []}}", r"experiments.a.grid = \[\]"),
        ("- 1", "expected a mapping"),
        ("a: [", "not YAML"),
    ],
)
def test_wrong_files_are_refused_by_key_value_and_limit(tmp_path, text, message):
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=message) as raised:
        read_params(path)
    assert str(path) in str(raised.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"absent\.yaml: no such file"):
        read_params(tmp_path / "absent.yaml")


@pytest.mark.parametrize("recipe", [{"crop_scale": [0.5, 0.1]}, {"crop_scale": [0.5, 1.5]}, {"size": [0, 8]}])
def test_recipes_out_of_range_are_refused(recipe):
    with pytest.raises(SettingsError, match="allowed is"):
        parse(ViewRecipe, recipe, "views")


def test_an_editor_shows_what_a_setting_means_and_may_be():
    training = schema()["$defs"]["TrainingSettings"]["properties"]
    assert training["trust"]["description"] == "LARS trust coefficient"
    assert "resnet10" in training["encoder"]["anyOf"][0]["enum"]
