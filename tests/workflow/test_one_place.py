"""Everything that a newcomer adds has one place: all are added to a copy at once, and the whole chain runs."""

import html
import json

import pandas as pd
import pytest

from pipeline.jobs.chain import STAGES
from tests.workflow.conftest import LAYOUT

OBJECTIVE = '''
import torch

from halves import half


def pull(z1, z2, labels, temperature):
    """Attraction of both views, and repulsion of all other images by their mean similarity."""
    return half((z1 @ z2.T).mean() / temperature) - (z1 * z2).sum(1).mean() / temperature
'''
HALVES = "def half(x):\n    return x / 2\n"
DATASET = '''
"""Digits below five, as a dataset."""

from pathlib import Path

from pipeline.config.dataset_settings import DatasetSpec, SourceSettings
from pipeline.datasets.dataset_facts import Facts
from pipeline.datasets.source_images import SourceImages, SourceSplit
from pipeline.datasets.sources.digits import images as digits

FACTS = Facts(spec=DatasetSpec(source="low_digits", classes=5, licence="CC BY 4.0"))


def images(spec: SourceSettings, downloads: Path) -> SourceImages:
    whole = digits(spec, downloads)
    splits = []
    for split in (whole.train, whole.test):
        below = split.labels < 5
        splits.append(SourceSplit(split.images[below], split.labels[below]))
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

CAPTION = "A custom figure."
EXPERIMENTS = ("trajectory",)
READS = ("weights",)
TWINS = ("cl",)


def table(reading):
    return reading.read("weights").groupby("second", as_index=False)["weight_gap"].mean()


def draw(table):
    figure = Figure()
    figure.subplots().bar(table["second"], table["weight_gap"])
    return figure
'''
CLAIM = '''
"""A custom claim."""

from pipeline.config.params import ClaimRule
from pipeline.reporting.claim_definition import Claim, Quantity

PLACE = 99


def _gaps(rows):
    return rows.groupby("seed")["weight_gap"].max().tolist()


CLAIMS = (
    Claim(
        name="weights_differ",
        statement="Some weights differ.",
        quantity="largest weight gap",
        control="none",
        needs_learning=False,
        experiments=("trajectory",),
        reads=("weights",),
        measure=Quantity(lambda read: read("weights"), _gaps),
        rule=ClaimRule(above=0, each=True),
        evidence="fig6_weight_gap",
        source="ours",
    ),
)
'''


STAGE = '''
"""Count what there is."""

from pipeline.planning.stage import Stage
from pipeline.system.files import Outputs
from pipeline.stages.subset import SubsetJob, job_of


def run(job: SubsetJob, inputs, outputs: Outputs) -> None:
    from pipeline.system.files import write_json

    write_json(outputs["count"], {"images": inputs["subset"][0].name, "dataset": job.dataset})


STAGE = Stage(
    "count",
    job_of,
    {"count": "count.json"},
    folder="counts",
    reads=lambda job: {"subset": [job.subject]},
    subject="subset",
    subjects=lambda plan: plan.subsets,
)
'''
RULE = """

use rule prepare as count with:
    input:
        reads("count"),
    output:
        writes("count"),
    log:
        log_of("count"),
    resources:
        **needs("count"),
    params:
        **job("count"),
"""
NEW = {
    "mine.py": OBJECTIVE,
    "halves.py": HALVES,
    "pipeline/datasets/sources/low_digits.py": DATASET,
    "pipeline/models/encoders/linear.py": ENCODER,
    "twin_alignment/measures/of_pair.py": MEASURE,
    "pipeline/reporting/figures/plot_my_gap.py": FIGURE,
    "pipeline/reporting/claims/claims_mine.py": CLAIM,
}
RHO = '    Measure(\n        name="rho",'
PROCRUSTES = 'Measure("procrustes", "Procrustes", "Procrustes", "twin_alignment.measures.of_pair:of_pair", True, True)'
ENTRIES = (
    ("twin_alignment/measures/registry.py", RHO, f"    {PROCRUSTES},\n{RHO}"),
    ("params.yaml", "[cl, nscl]", '[cl, nscl, "mine.py:pull"]'),
    ("params.yaml", "dataset: digits, classes: 4", "dataset: low_digits, encoder: linear"),
)
STAGE_ENTRIES = (
    ("pipeline/jobs/stage_names.py", '"subset", "twins"', '"subset", "count", "twins"'),
    ("workflow/rules/data.smk", '**job("subset"),\n', f'**job("subset"),\n{RULE}'),
)


@pytest.fixture(scope="module")
def planned(sources, tmp_path_factory):
    """A copy with one of each."""
    project = sources.copy(tmp_path_factory.mktemp("extended") / "twins")
    for name, text in NEW.items():
        assert not (project.path / name).exists()
        (project.path / name).write_text(text.lstrip())
    for entry in ENTRIES:
        project.edit(*entry)
    return project


@pytest.fixture(scope="module")
def extended(planned):
    planned.run("snakemake", "--cores", "2", "--quiet", "all")
    return planned


def test_all_of_them_are_planned(planned):
    rules, output = planned.dry_run("reports/figures/my_gap.png", "reports/claims.csv")
    assert rules >= {"prepare", "subset", "twins", "measure", "figure", "claims"}
    assert "results/data/low_digits" in output
    assert "linear-5classes" in output


@pytest.mark.long
def test_an_objective_is_in_tables_and_figures_and_its_source_decides_the_run(extended):
    for table, column in (("table1", "objective"), ("table2", "second")):
        assert "mine.pull" in set(pd.read_csv(extended.path / "reports" / f"{table}.csv")[column])
    for figure, column in (("fig2_trajectory", "second"), ("fig6_weight_gap", "second"), ("collapse", "objective")):
        assert "mine.pull" in set(pd.read_csv(extended.path / "reports" / "figures" / f"{figure}.csv")[column])
    with extended.edited(("halves.py", "x / 2", "x / 3")):
        assert "code: halves.py" in "".join(extended.stale())
        assert "train again from the start (halves.py changed)" in extended.dry_run()[1]


@pytest.mark.long
def test_a_dataset_and_an_encoder_are_a_file_each(extended):
    rows = pd.read_csv(extended.path / "reports" / "table1.csv").query("status != 'not run'")
    assert set(rows["dataset"]) == {"low_digits"}
    assert set(rows["encoder"]) == {"linear-w4"}
    assert set(rows["classes"]) == {5}


@pytest.mark.long
def test_a_measure_is_in_tables_and_figures(extended):
    for file in ("table2.csv", "figures/fig2_trajectory.csv"):
        rows = pd.read_csv(extended.path / "reports" / file).query("measure == 'procrustes' and second == 'nscl'")
        assert rows["mean"].between(0, 1).all()
        assert len(rows) > 0
    assert extended.stale() == []
    with extended.edited(("twin_alignment/measures/of_pair.py", "procrustes(pair", "0.5 * procrustes(pair")):
        assert "twin_alignment/measures/of_pair.py was edited since" in extended.dry_run()[1]


@pytest.mark.long
def test_a_figure_and_a_claim_are_a_file_each(extended):
    assert (extended.path / "reports" / "figures" / "my_gap.png").is_file()
    assert "A custom figure." in html.unescape((extended.path / "reports" / "report.html").read_text())
    claims = pd.read_csv(extended.path / "reports" / "claims.csv").set_index("claim")
    assert claims.loc["weights_differ", "verdict"] == "holds"


def test_a_stage_is_a_file_a_rule_and_an_entry(project):
    (project.path / "pipeline" / "stages" / "count.py").write_text(STAGE.lstrip())
    for entry in STAGE_ENTRIES:
        project.edit(*entry)
    subset = str(LAYOUT.place(STAGES["subset"], "digits/classes=4,seed=0").digests)
    digests = subset.replace("/subsets/", "/counts/")
    project.run("snakemake", "--cores", "1", "--quiet", "all", "--", digests)
    found = json.loads((project.path / digests.removesuffix(".sha256") / "count.json").read_text())
    assert found == {"images": "subset.json", "dataset": "digits"}
    assert "Count what there is." in project.pipeline("--help")


def test_new_files_do_not_touch_what_others_made(project):
    for name in ("mine.py", "pipeline/datasets/sources/low_digits.py", "pipeline/models/encoders/linear.py"):
        (project.path / name).write_text(NEW[name].lstrip())
    assert project.planned() == set()
