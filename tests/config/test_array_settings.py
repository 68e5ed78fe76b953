"""Settings of arrays and their views."""

import numpy as np
import pytest

from pipeline.config.base import SettingsError, parse
from pipeline.config.dataset_settings import DatasetSpec
from pipeline.config.params import Params
from pipeline.config.view_settings import CustomViews, ViewRecipe
from pipeline.planning.expansion import plan

VIEW = "def view(batch, generator, settings):\n    return batch + generator.normal(*batch.shape[1:])\n"


@pytest.fixture(autouse=True)
def rows(tmp_path, monkeypatch):
    """A folder with rows.npz and views.py."""
    monkeypatch.chdir(tmp_path)
    y = np.arange(40) % 4
    np.savez("rows.npz", X=np.random.default_rng(0).normal(size=(40, 6)), y=y)
    (tmp_path / "views.py").write_text(VIEW)


def settings(run=None, **changed):
    dataset = {"source": "arrays", "paths": ["rows.npz"], "test_share": 0.25, "views": "views.py:view", **changed}
    dataset = {key: value for key, value in dataset.items() if value is not None}
    grid = [{"dataset": "rows", "encoder": "mlp", "batch_size": 8, "epochs": 1, "warmup_epochs": 0, **(run or {})}]
    return parse(Params, {"datasets": {"rows": dataset}, "experiments": {"table1": {"grid": grid}}}, "params.yaml")


def test_both_forms_of_views():
    short = settings().datasets["rows"]
    long = settings(views={"function": "views.py:view", "settings": {"noise": 0.1, "kind": "white", "count": 3}})
    assert short.views == CustomViews(function="views.py:view")
    views = long.datasets["rows"].views
    assert views.settings == {"noise": 0.1, "kind": "white", "count": 3}
    assert isinstance(views.settings["count"], int)
    assert hash(long.datasets["rows"]) != hash(short)
    for params in (settings(), long):
        assert parse(Params, params.model_dump(mode="json"), "again") == params
    assert isinstance(DatasetSpec(source="folder", views={"flip": 0.0}).views, ViewRecipe)


def test_rows_and_classes_are_counted():
    (run,) = plan(settings()).requests
    assert run.classes == 4


REFUSED = {
    "no views": ({"views": None}, r"expected FILE\.py:FUNCTION, as no views of arrays are known by name, got none"),
    "a recipe": ({"views": {"flip": 0.0}}, r"expected FILE\.py:FUNCTION, .*, got the augmentation of images"),
    "of images": ({"source": "folder"}, r"an augmentation of images for source = folder, got a function"),
    "unknown key": (
        {"views": {"function": "views.py:view", "noise": 1}},
        r"unknown key 'datasets\.rows\.views\.noise'",
    ),
    "unknown recipe": ({"source": "folder", "views": {"flipp": 1}}, r"'datasets\.rows\.views\.flipp': did you mean .*"),
    "a list": ({"views": {"function": "views.py:view", "settings": {"a": [1]}}}, r"settings: a: .*text, got \[1\]"),
    "no file": ({"views": "other.py:view"}, r"datasets\.rows\.views: .*there is no file .*other\.py"),
    "no function": ({"views": "views.py:other"}, r"datasets\.rows\.views: views\.py has no function 'other'"),
    "no data": ({"paths": ["other.npz"]}, r"datasets\.rows: other\.npz: no such file"),
    "large batch": ({"run": {"batch_size": 64}}, r"batch_size: expected at most 32, the training images of rows"),
    "many classes": ({"run": {"classes": 5}}, r"classes: expected 2 to 4, as rows has, got 5"),
    "images": ({"run": {"encoder": "resnet10"}}, r"encoder: resnet10 reads images .* rows with 1 axis: expected mlp"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_go_with_arrays_is_one_sentence(case):
    changed, message = REFUSED[case]
    with pytest.raises(SettingsError, match=message) as raised:
        plan(settings(**changed))
    assert "\n" not in str(raised.value)


def test_arrays_and_views_are_checked_while_planning(tmp_path):
    (tmp_path / "views.py").write_text(VIEW.replace("batch +", "(batch[:, :3] + 0) +"))
    with pytest.raises(SettingsError, match=r"^datasets\.rows: views\.py:view: .*The size of tensor"):
        plan(settings())
    (tmp_path / "views.py").write_text(VIEW)
    np.savez("nan.npz", X=np.full((40, 6), np.nan), y=np.arange(40) % 4)
    with pytest.raises(SettingsError, match=r"^datasets\.rows: nan\.npz: X: row 0: expected finite"):
        plan(settings(paths=["nan.npz"]))
