"""The checkout: extras of the pipeline, and versions that agree."""

import re
import subprocess

import pytest
import yaml

from pipeline.cli.app import REPORT_EXTRA, main
from tests.library.environments import PROJECT, ROOT, closure, environment, run


@pytest.mark.parametrize("left", ["build/lib/pipeline/system/files.py", "reports/table1.csv.set_aside"])
def test_what_installing_and_damage_leave_is_ignored_by_git(left):
    """By what git ignores ruff and the tests' copies of the project go too."""
    found = subprocess.run(["git", "check-ignore", "--quiet", left], cwd=ROOT, check=False)
    assert found.returncode == 0


def test_the_checkout_and_the_citation_agree():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (PROJECT["version"], PROJECT["license"]) == (cited["version"], cited["license"])
    assert [author["name"] for author in PROJECT["authors"]] == [author["name"] for author in cited["authors"]]
    assert set(PROJECT["urls"].values()) <= set(re.findall(r"https://[^\s)]+", (ROOT / "README.md").read_text()))


def test_every_stage_but_the_report_s_loads_with_the_extra_pipeline(tmp_path):
    script = """
import importlib
from pipeline.jobs.chain import STAGES
for name in STAGES:
    if name != "report":
        importlib.import_module(f"pipeline.stages.{name}")
"""
    python = environment(tmp_path, PROJECT["dependencies"] + PROJECT["optional-dependencies"]["pipeline"])
    run(python, "-c", script, cwd=ROOT)


@pytest.mark.parametrize("name", REPORT_EXTRA)
def test_a_missing_extra_is_named_in_a_sentence(name, monkeypatch, capsys):
    def missing(*_, **__):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr("pipeline.cli.stage_commands._run", missing)
    assert main(["report"]) == 2
    sentence = f"error: report needs {name}, of the extra `report`: pip install '.[report]' in a checkout\n"
    assert capsys.readouterr().err == sentence


def test_what_the_report_imports_is_what_its_extra_brings():
    brought = closure(PROJECT["optional-dependencies"]["report"])
    base = closure(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["pipeline"])
    assert set(REPORT_EXTRA) <= set(brought) - set(base)
