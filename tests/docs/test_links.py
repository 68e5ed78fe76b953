"""Links, files, code and settings in README and the documentation are valid."""

import re
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from pipeline.config.base import parse
from pipeline.config.params import Params
from pipeline.config.training_settings import TrainingSettings
from pipeline.jobs.chain import STAGES
from pipeline.planning.layout import Layout
from tests.docs.pages import ALL, ROOT

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FILE = re.compile(r"[\w./<>*-]+(/|\.(py|yaml|yml|md|json|csv|html|ipynb|lock|cff|sh|toml|png))")
FOLDERS = (
    "",
    "pipeline",
    "pipeline/datasets",
    "reports",
    "params",
    "reports/evidence/cifar_two_cores",
)  # of short names
READERS = (
    "downloads/",
    "train/",
    "test/",
    "val/",
    "params/flowers.yaml",
    "reports/flowers/",
    "mine.py",
    "maps/",
    "FILE.csv",
    "a.npz.parts/",
)
PLACES = [Layout(Path("results"), Path("reports")).place(stage, "*") for stage in STAGES.values()]
WRITTEN = [
    *(
        path.as_posix()
        for place in PLACES
        for path in (*place.outputs.values(), *place.declared.values(), place.record)
    ),
    *("results/runs.csv", "reports/report.failed.ipynb"),
]  # patterns of what stages and commands write

each_page = pytest.mark.parametrize("page", ALL, ids=lambda page: page.name)


def exists(name):
    """Check a file or folder: in the project, or written by a stage; `<name>` is any name."""
    pattern = re.sub(r"<\w+>", "*", name)
    paths = [f"{folder}/{pattern}".strip("/") for folder in FOLDERS]
    return any(
        any(ROOT.glob(path))
        or any(fnmatch(file, path) or fnmatch(path, file) or file.startswith(f"{path}/") for file in WRITTEN)
        for path in paths
    )


@each_page
def test_links_lead_to_files_and_headings(page):
    for target in LINK.findall(page.prose):
        if target.startswith("https://"):
            continue
        path, _, heading = target.partition("#")
        file = (page.path.parent / path).resolve() if path else page.path
        assert file.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}, target


@each_page
def test_named_files_exist_or_are_written_by_a_stage(page):
    files = [name for name in page.names if FILE.fullmatch(name) and not name.startswith((".", *READERS))]
    assert [name for name in files if not exists(name)] == []


def test_a_missing_file_and_a_missing_output_are_noticed():
    assert exists("pipeline/cli/app.py")
    assert exists("results/runs/<name>/record.json")
    assert not exists("pipeline/cli/application.py")
    assert not exists("results/runs/<name>/records.json")


@each_page
def test_code_runs_as_it_is(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = torch.from_numpy(np.random.default_rng(0).normal(size=(20, 6)))
    names = {"first": rows, "second": rows + 1, "third": rows - 1, "labels": np.arange(20) % 2}
    names |= {
        "X": rows.numpy(),
        "batches": [rows[:10], rows[10:]],
        "first_model": lambda batch: batch,
        "second_model": lambda batch: batch + 1,
    }
    for number, code in enumerate(page.blocks("python")):
        exec(compile(code, f"{page.name}, block {number}", "exec"), names)
    if "loss" in names:
        unit = torch.nn.functional.normalize(rows, dim=1)
        assert names["loss"](unit, unit, torch.zeros(20), 0.5).shape == ()
    if "build" in names:
        assert names["build"](TrainingSettings(), 3, (8, 8))(torch.zeros(2, 3, 8, 8)).shape == (2, 1024)


@each_page
def test_settings_are_valid(page):
    for block in page.blocks("yaml"):
        parse(Params, {"experiments": {}, **yaml.safe_load(block)}, page.name)


def test_no_code_is_indented_and_so_left_out():
    assert [line for page in ALL for line in page.prose.splitlines() if line.startswith("    ")] == []
