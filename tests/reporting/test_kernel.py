"""The cells of the report run in this interpreter, whatever kernels the user's shell knows of."""

import sys

import pandas as pd

from pipeline.reporting.render_report import TEMPORARY_FOLDERS
from pipeline.reporting.verdicts import COLUMNS
from pipeline.stages import report
from pipeline.stages.report import ReportJob
from pipeline.system.files import write_csv, write_json, write_text

SOURCE = """# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% tags=["parameters"]
reports = ""

# %%
import sys
from IPython.display import HTML

HTML(f"<p>{sys.executable}</p>")
"""


def test_a_kernel_of_that_name_elsewhere_is_not_taken(tmp_path, monkeypatch):
    for name in ("kernels", "data/kernels"):
        other = {"argv": ["/bin/false"], "display_name": "Python 3", "language": "python"}
        write_json(tmp_path / name / "python3" / "kernel.json", other)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    for name in TEMPORARY_FOLDERS:
        monkeypatch.setenv(name, "")
    write_csv(tmp_path / "claims.csv", pd.DataFrame(columns=list(COLUMNS)))
    for name, text in {"report.py": SOURCE, "page.html": "<main>{{ body }}</main>"}.items():
        write_text(tmp_path / name, text)
    inputs = {"source": [tmp_path / "report.py"], "template": [tmp_path / "page.html"], "records": []}
    inputs["claims"] = [tmp_path / "claims.csv"]
    outputs = {"page": tmp_path / "report.html", "provenance": tmp_path / "provenance.json"}
    report.run(ReportJob(figures=(), captions={}, tables=False, custom=(), diverged={}), inputs, outputs, notes=[])
    assert f"<p>{sys.executable}</p>" in outputs["page"].read_text()
