"""What was measured and is committed: whole, by the settings and the code of today, and nothing beside it."""

from pathlib import Path

import pytest

from pipeline.settings.experiments import read_params
from pipeline.workflow.layout import Layout
from pipeline.workflow.plan import plan
from pipeline.workflow.records import tasks
from pipeline.workflow.stages import SHOWN
from pipeline.workflow.verify import verify
from tests.docs.pages import ROOT

FILES = sorted((ROOT / "params").glob("*.yaml"))
KEPT = [file for file in FILES if read_params(file).results.startswith("reports/measured/")]
OF_THIS_MACHINE = ("state", "logs", "benchmarks", "settings.json")  # git ignores them


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)
def test_what_was_measured_is_what_these_settings_and_this_code_make(file, monkeypatch):
    monkeypatch.chdir(ROOT)
    found = plan(read_params(file), file.relative_to(ROOT))
    layout = Layout(Path(found.params.results), Path(found.params.reports))
    of_the_plan = list(tasks(found, layout))
    assert verify(found, layout).results
    assert [one.command for one in of_the_plan if one.stage.subject in SHOWN and not one.record.is_file()] == []

    made = {path for one in of_the_plan for path in (one.record, *one.outputs.values())}
    made |= {layout.results / name for name in OF_THIS_MACHINE}
    lying = [path for path in layout.results.rglob("*") if path.is_file()]
    assert lying
    assert [path for path in lying if not made & {path, *path.parents}] == []
