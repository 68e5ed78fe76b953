"""What a newcomer adds stands in one place each: everything is added to a copy at once, and the whole chain runs."""

import html
import json

import pandas as pd
import pytest

from pipeline.planning.layout import short_name

OBJECTIVE = '''
import torch

from helper import half


def pull(z1, z2, labels, temperature):
    """Attraction of both views, and repulsion of all other images by their mean similarity."""
    return half((z1 @ z2.T).mean() / temperature) - (z1 * z2).sum(1).mean() / temperature
'''
HELPER = "def half(x):\n    return x / 2\n"
DATASET = '''
"""Digits below five, as a data set of its own."""

from pathlib import Path

from pipeline.datasets.dataset_facts import Facts
from pipeline.datasets.sources.digits import images as digits
from pipeline.datasets.source_images import SourceImages, SourceSplit
from pipeline.config.dataset_settings import DatasetSpec, SourceSettings

FACTS = Facts(spec=DatasetSpec(source="low_digits", classes=5, licence="CC BY 4.0"))


def images(spec: SourceSettings, downloads: Path) -> SourceImages:
    whole = digits(spec, downloads)
    splits = []
    for split in (whole.train, whole.test):
        chosen = split.labels < 5
        splits.append(SourceSplit(split.images[chosen], split.labels[chosen]))
    return SourceImages(whole.class_names[:5], *splits)
'''
ENCODER = '''
"""One linear layer."""

from torch import nn


def build(settings, channels, size):
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * size[0] * size[1], settings.width))
'''
MEASURE = '''
"""Procrustes similarity as a measure of twins."""

from twin_alignment.measures.geometry import procrustes
from twin_alignment.measures.feature_set import Estimate


def of_pair(pair):
    return Estimate(procrustes(pair.first.features, pair.second.features))
'''
FIGURE = '''
"""Mean weight gap at the last epoch."""

from matplotlib.figure import Figure

from pipeline.reporting import panels

CAPTION = "A figure of one's own."
EXPERIMENTS = ("trajectory",)
READS = ("weights",)
TWINS = ("cl",)


def table(reading):
    return reading.read("weights").groupby("second", as_index=False)["weight_gap"].mean()


def draw(table):
    figure, axes = panels.panels(1, 1)
    axes[0][0].bar(table["second"], table["weight_gap"])
    axes[0][0].set(xlabel="twin", ylabel="weight gap")
    return figure
'''
CLAIM = '''
"""A claim of one's own."""

from pipeline.reporting.claim_definition import Claim, values_by_setting
from pipeline.config.params import ClaimRule

PLACE = 99


def _gap(read):
    return values_by_setting(read("weights"), lambda own: own.groupby("seed")["weight_gap"].max().tolist())


CLAIMS = (
    Claim(
        name="weights_differ",
        statement="Some weights differ.",
        quantity="largest weight gap",
        control="none",
        needs_learning=False,
        experiments=("trajectory",),
        reads=("weights",),
        measure=_gap,
        rule=ClaimRule(above=0, each=True),
        evidence="fig6_weight_gap",
        source="ours",
    ),
)
'''


@pytest.fixture(scope="module")
def extended(sources, tmp_path_factory):
    project = sources.copy(tmp_path_factory.mktemp("extended") / "twins")
    new = {
        "mine.py": OBJECTIVE,
        "helper.py": HELPER,
        "pipeline/datasets/sources/low_digits.py": DATASET,
        "pipeline/models/encoders/linear.py": ENCODER,
        "twin_alignment/measures/of_pair.py": MEASURE,
        "pipeline/reporting/figures/plot_my_gap.py": FIGURE,
        "pipeline/reporting/claims/mine.py": CLAIM,
    }
    for name, text in new.items():
        assert not (project.path / name).exists()
        (project.path / name).write_text(text.lstrip())
    project.edit(
        "twin_alignment/measures/registry.py",
        '    Measure(\n        name="rho",',
        '    Measure("procrustes", "Procrustes", "Procrustes", "twin_alignment.measures.of_pair:of_pair", True, True),\n'
        '    Measure(\n        name="rho",',
    )
    project.edit("params.yaml", "[cl, nscl]", '[cl, nscl, "mine.py:pull"]')
    project.edit("params.yaml", "dataset: digits, classes: 4", "dataset: low_digits, encoder: linear")
    project.run("snakemake", "--cores", "2", "--quiet", "all")
    return project


def test_an_objective_trains_and_stands_in_tables_and_figures(extended):
    for table, column in (("table1", "objective"), ("table2", "second")):
        assert "mine.pull" in set(pd.read_csv(extended.path / "reports" / f"{table}.csv")[column])
    for figure, column in (("fig2_trajectory", "second"), ("fig6_weight_gap", "second"), ("collapse", "objective")):
        assert "mine.pull" in set(pd.read_csv(extended.path / "reports" / "figures" / f"{figure}.csv")[column])


def test_its_source_decides_the_run(extended, tmp_path):
    project = extended.copy(tmp_path / "twins")
    project.edit("helper.py", "x / 2", "x / 3")
    assert "code: helper.py" in project.pipeline("verify", check=False)
    assert "train again from the start (helper.py changed)" in project.run("snakemake", "--dry-run")


def test_a_data_set_and_an_encoder_are_a_file_each(extended):
    rows = pd.read_csv(extended.path / "reports" / "table1.csv").query("status != 'not run'")
    assert set(rows["dataset"]) == {"low_digits"}
    assert set(rows["encoder"]) == {"linear-w4"}
    assert set(rows["classes"]) == {5}


def test_a_measure_stands_in_tables_and_figures(extended):
    for file in ("table2.csv", "figures/fig2_trajectory.csv"):
        rows = pd.read_csv(extended.path / "reports" / file).query("measure == 'procrustes' and second == 'nscl'")
        assert rows["mean"].between(0, 1).all()
        assert len(rows) > 0
    assert "all as these settings" in extended.pipeline("verify")
    extended.edit("twin_alignment/measures/of_pair.py", "procrustes(pair", "0.5 * procrustes(pair")
    said = extended.run("snakemake", "--dry-run")
    extended.edit("twin_alignment/measures/of_pair.py", "0.5 * procrustes(pair", "procrustes(pair")
    assert "twin_alignment/measures/of_pair.py was edited since" in said


def test_a_figure_and_a_claim_are_a_file_each(extended):
    assert (extended.path / "reports" / "figures" / "my_gap.png").is_file()
    assert "A figure of one's own." in html.unescape((extended.path / "reports" / "report.html").read_text())
    claims = pd.read_csv(extended.path / "reports" / "claims.csv").set_index("claim")
    assert claims.loc["weights_differ", "verdict"] == "holds"


def test_none_of_them_touches_what_others_made(finished, tmp_path):
    project = finished.copy(tmp_path / "twins")
    (project.path / "pipeline" / "datasets" / "sources" / "low_digits.py").write_text(DATASET.lstrip())
    (project.path / "pipeline" / "models" / "encoders" / "linear.py").write_text(ENCODER.lstrip())
    (project.path / "mine.py").write_text(OBJECTIVE.lstrip())
    assert project.planned() == set()
    assert "all as these settings" in project.pipeline("verify")


def test_a_stage_is_a_declaration_and_a_module(sources, tmp_path):
    project = sources.copy(tmp_path / "twins")
    (project.path / "pipeline" / "stages" / "count.py").write_text(
        '"""Count what there is."""\n\nfrom pipeline.system.files import write_json\n\n\n'
        "def run(job, inputs, outputs):\n"
        '    write_json(outputs["count"], {"images": inputs["subset"][0].name, "dataset": job.dataset})\n'
    )
    project.edit(
        "pipeline/jobs/declared.py",
        '    Stage(\n        "twins",',
        '    Stage(\n        "count",\n        _subset_job,\n        {"count": "count.json"},\n'
        '        folder="counts",\n'
        '        reads=lambda job: {"subset": [f"{job.dataset}/classes={job.classes},seed={job.seed}"]},\n'
        '        subject="subset",\n'
        "        subjects=lambda plan: list({run.subset for run in plan.requests}),\n    ),\n"
        '    Stage(\n        "twins",',
    )
    name = short_name("digits/classes=4,seed=0")
    project.run("snakemake", "--cores", "2", "--quiet", "all", "--", f"results/counts/{name}.sha256")
    found = json.loads((project.path / "results" / "counts" / name / "count.json").read_text())
    assert found == {"images": "subset.json", "dataset": "digits"}
    assert "Count what there is." in project.pipeline("--help")
    assert "3 finished results" in project.pipeline("verify")
