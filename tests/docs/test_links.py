"""What README and the documentation name is there: links with their headings, files, and code."""

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
PLACES = ("", "pipeline", "pipeline/datasets", "reports", "params")  # that a page's names may be seen from
OF_READERS = (
    "downloads/",
    "train/",
    "test/",
    "val/",
    "params/flowers.yaml",
    "reports/flowers/",
    "mine.py",
    "maps/",
    "FILE.csv",
    "sources/",
)  # their own files, or folders of a folder


def made():
    """Patterns of what stages and commands write."""
    layout = Layout(Path("results"), Path("reports"))
    places = [layout.place(stage, "*") for stage in STAGES.values()]
    written = [path.as_posix() for place in places for path in (*place.outputs.values(), *place.declared.values())]
    return [*written, *(place.record.as_posix() for place in places), "results/runs.csv", "reports/report.failed.ipynb"]


def there(name):
    pattern = re.sub(r"<\w+>", "*", name)
    for place in PLACES:
        path = f"{place}/{pattern}".lstrip("/").rstrip("/")
        if any(ROOT.glob(path)) or any(fnmatch(one, path) or one.startswith(f"{path}/") for one in made()):
            return True
        if any(fnmatch(path, one) for one in made()):
            return True
    return False


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings(page):
    for target in LINK.findall(page.prose):
        if target.startswith("https://"):
            continue
        path, _, heading = target.partition("#")
        found = (page.path.parent / path).resolve() if path else page.path
        assert found.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.+)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}, target


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.name)
def test_files_that_are_named_are_there_or_made(page):
    named = [name for name in page.names if FILE.fullmatch(name) and not name.startswith((".", *OF_READERS))]
    assert [name for name in named if not there(name)] == []


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.name)
def test_code_runs_as_it_stands(page, tmp_path, monkeypatch):
    rows = torch.from_numpy(np.random.default_rng(0).normal(size=(20, 6)))
    for number, code in enumerate(page.blocks("python")):
        names = {"first": rows, "second": rows + 1, "batches": [rows[:10], rows[10:]]}
        names |= {"first_model": lambda batch: batch, "second_model": lambda batch: batch + 1}
        exec(compile(code, f"{page.name}, block {number}", "exec"), names)
        if "loss" in names:
            unit = torch.nn.functional.normalize(rows, dim=1)
            assert names["loss"](unit, unit, torch.zeros(20), 0.5).shape == ()
        if "build" in names:
            assert names["build"](TrainingSettings(), 3, (8, 8))(torch.zeros(2, 3, 8, 8)).shape == (2, 1024)


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.name)
def test_settings_are_such_as_are_allowed(page):
    for block in page.blocks("yaml"):
        parse(Params, {"experiments": {}, **yaml.safe_load(block)}, page.name)


def test_no_code_is_indented_and_so_left_out():
    blocks = [line for page in ALL for line in page.prose.splitlines() if line.startswith("    ")]
    assert blocks == []
