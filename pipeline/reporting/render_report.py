"""The report: the notebook's source, executed, then one page that needs nothing from elsewhere; and its provenance."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import jupytext
import nbformat
import papermill
from nbconvert import HTMLExporter
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from pipeline.config.references import PROJECT
from pipeline.reporting.origins import provenance
from pipeline.reporting.sections import without_empty
from pipeline.reporting.show import Report
from pipeline.system.files import Inputs, Outputs, read_json, write_json, write_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.stages.report import ReportJob

OFFLINE = Config({"KernelManager": {"transport": "ipc"}})  # by files, so that no network is needed, not even loopback
ASIDE = ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR")
KERNEL = "python3"  # as the notebook's source has it
BODY = "<!-- body -->"  # where the page takes what the notebook shows


class ReportError(RuntimeError):
    """A cell failed; the executed notebook has the whole story."""


def render(job: ReportJob, inputs: Inputs, outputs: Outputs, notes: Sequence[str]) -> None:
    (source,), (template,) = inputs["source"], inputs["template"]
    write_json(outputs["provenance"], provenance([read_json(path) for path in inputs["records"]]))
    reports = inputs["claims"][0].parent
    Report(str(reports))  # what the cells read is missed here, before a kernel starts
    failed = reports / "report.failed.ipynb"
    failed.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(dict.fromkeys(ASIDE, folder))  # what a kernel leaves goes with the folder
        _declare_kernel(Path(folder))
        notebook, executed = Path(folder) / "source.ipynb", Path(folder) / "executed.ipynb"
        nbformat.write(jupytext.read(source), notebook)
        try:
            papermill.execute_notebook(
                notebook,
                executed,
                {
                    "reports": str(reports.absolute()),
                    "photographs": str(_photographs(inputs, reports) or ""),
                    "own": list(job.own),
                    "diverged": job.diverged,
                    "origins": str(outputs["provenance"].absolute()),
                    "notes": list(notes),
                },
                kernel_name=KERNEL,
                config=OFFLINE,
                progress_bar=False,
                cwd=PROJECT,
            )
        except PapermillExecutionError as error:
            shutil.copyfile(executed, failed)
            raise ReportError(f"{source}: {error.ename}: {error.evalue}; {failed} is the executed notebook") from error
        exporter = HTMLExporter(template_name="basic", exclude_input=True, exclude_output_prompt=True)
        page = nbformat.read(executed, as_version=4)
        page.cells = without_empty(page.cells)
        for number, cell in enumerate(page.cells, start=1):
            cell["id"] = f"cell-{number}"  # in place of a random one: the same results give the same page
        body, _ = exporter.from_notebook_node(page)
    write_text(outputs["page"], template.read_text(encoding="utf-8").replace(BODY, body))


def _declare_kernel(folder: Path) -> None:
    """Put this interpreter's kernel before all that are installed, or that JUPYTER_PATH of the user's shell has."""
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    specification = {"argv": argv, "display_name": "Python 3", "language": "python"}
    write_json(folder / "kernels" / KERNEL / "kernel.json", specification)
    os.environ["JUPYTER_PATH"] = str(folder)


def _photographs(inputs: Inputs, reports: Path) -> Path | None:
    """Folder of what was measured on photographs, to stand beside these results; none where these are it."""
    folders = {path.parent.absolute() for path in inputs.get("photographs", ())}
    return next(iter(folders - {reports.absolute()}), None)
