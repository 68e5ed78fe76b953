"""A folder of images: settings are written for it, and it goes through every table, figure and page."""

import json
import re

import pandas as pd
import pytest

from pipeline.config.base import SettingsError
from pipeline.config.yaml_file import read_values
from pipeline.datasets.survey import Survey
from pipeline.jobs.start import CPU, GPU, batch_size, file_for, settings_text
from pipeline.train.schedule import learning_rate, scaled_learning_rate
from tests.workflow.conftest import write_shapes

TINY = "training={epochs: 1, warmup_epochs: 0, width: 4, projection: 8}"


def survey(train, sides=(32, 40, 50)):
    return Survey(classes=3, train=train, test=50, sides=sides, alike=False)


@pytest.mark.parametrize("machine", [CPU, GPU])
@pytest.mark.parametrize("train", [4, 72, 1437, 50_000])
def test_what_is_written_is_trained_far_enough_to_learn(tmp_path, machine, train):
    path = tmp_path / "mine.yaml"
    path.write_text(settings_text("mine", tmp_path / "images", survey(train), machine))
    training = read_values(path)["training"]
    batch, epochs = training["batch_size"], training["epochs"]
    assert 2 <= batch <= train
    steps = train // batch
    peak = scaled_learning_rate(0.3, batch, "linear")
    rates = (learning_rate(step, steps, peak, training["warmup_epochs"], epochs) for step in range(steps * epochs))
    assert sum(rates) * training["trust_coefficient"] == pytest.approx(2.0, rel=0.35)  # trust has one digit


def test_a_batch_leaves_some_steps_an_epoch_and_never_asks_for_more_images_than_there_are():
    assert [batch_size(train, CPU) for train in (2, 3, 20, 200, 1000, 10**6)] == [2, 2, 16, 16, 64, 128]
    assert batch_size(10**6, GPU) == 512


@pytest.mark.parametrize(
    ("sides", "machine", "size", "stem"),
    [
        ((8, 9, 9), CPU, 9, "cifar"),
        ((60, 80, 90), CPU, 32, "imagenet"),
        ((60, 80, 90), GPU, 64, "imagenet"),
    ],
)
def test_images_are_not_made_larger_than_they_are(tmp_path, sides, machine, size, stem):
    path = tmp_path / "mine.yaml"
    path.write_text(settings_text("mine", tmp_path, survey(500, sides), machine))
    values = read_values(path)
    assert (values["datasets"]["mine"]["size"], values["training"]["stem"]) == (size, stem)


def test_an_existing_file_is_not_written_over(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params").mkdir()
    assert file_for(tmp_path / "my images").as_posix() == "params/my_images.yaml"
    (tmp_path / "params" / "mine.yaml").touch()
    with pytest.raises(SettingsError, match=r"params/mine\.yaml: there already"):
        file_for(tmp_path / "mine.zip")


@pytest.fixture
def project(sources, tmp_path):
    project = sources.copy(tmp_path / "twins")
    write_shapes(project.path / "shapes")
    return project


def test_the_command_says_what_it_found_and_what_to_do_next(project):
    (project.path / "shapes" / "train" / "left" / "0.heic").touch()
    output = project.pipeline("start", "shapes")
    assert "shapes: 3 classes, 72 training and 36 test images, shorter sides 8 pixels" in output
    assert ": a name that does not end in .png" in output
    assert "3 runs, 0 of them finished" in output
    assert "next: snakemake --cores all --configfile params/shapes.yaml" in output


@pytest.mark.long
def test_a_folder_without_a_split_has_one_drawn(project):
    (project.path / "shapes" / "train").rename(project.path / "pets")
    assert "--test-share 0.2` draws a fifth for testing" in project.pipeline("start", "pets", check=False)
    output = project.pipeline("start", "pets", "--test-share", "0.3")
    train, test = map(int, re.search(r"3 classes, (\d+) training and (\d+) test images", output).groups())
    assert train + test == 72
    project.pipeline("prepare", "pets", "--params", "params/pets.yaml")
    manifest = project.path / "results" / "pets" / "data" / "pets" / "images" / "manifest.json"
    counts = json.loads(manifest.read_text())["counts"]
    assert {split: sum(counts) for split, counts in counts.items()} == {"train": train, "test": test}
    for wrong in ("0", "half"):
        assert "expected a number between 0 and 1" in project.pipeline("start", "x", "--test-share", wrong, check=False)


@pytest.mark.long
def test_the_walk_from_a_folder_to_tables_figures_and_report(project):
    project.pipeline("start", "shapes")
    settings = ("--configfile", "params/shapes.yaml", "--config", TINY)
    project.run("snakemake", "--cores", "2", *settings)
    reports = project.path / "reports" / "shapes"
    for table in ("table1.csv", "table2.csv"):
        rows = pd.read_csv(reports / table).query("status != 'not run'")
        assert set(rows["dataset"]) == {"shapes"}
        assert set(rows["classes"]) == {3}  # counted in the folder
    rows = pd.read_csv(reports / "table1.csv")
    assert set(rows.loc[rows["objective"] == "cl_perturbed", "n_seeds"]) == {3}
    drawn = {path.stem for path in (reports / "figures").glob("*.png")}
    assert {"fig1_angles", "fig2_trajectory", "fig6_weight_gap", "layers", "collapse"} <= drawn
    for figure in drawn:
        table = pd.read_csv(reports / "figures" / f"{figure}.csv")
        assert "dataset" not in table or set(table["dataset"]) <= {"shapes", "simulated"}, figure
    assert "shapes" in (reports / "report.html").read_text()
    assert "Nothing to be done" in project.run("snakemake", "--dry-run", *settings)
