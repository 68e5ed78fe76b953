"""The report: the notebook's source, executed, then one page that needs nothing from elsewhere."""

from pathlib import Path

import jupytext
import nbformat
import papermill
from nbconvert import HTMLExporter
from papermill.exceptions import PapermillExecutionError

from pipeline.files import write_text
from pipeline.jobs import ReportJob
from pipeline.layout import Layout
from pipeline.reporting.show import Report

SOURCES = Path(__file__).parents[2] / "reports"
BODY = "<!-- body -->"  # where the page takes what the notebook shows


class ReportError(RuntimeError):
    """A cell failed; the executed notebook has the whole story."""


def run(job: ReportJob, layout: Layout) -> None:
    Report(str(layout.reports))  # what the cells read is missed here, before a kernel starts
    executed = layout.report_notebook
    executed.parent.mkdir(parents=True, exist_ok=True)
    source = executed.with_name("source.ipynb")
    nbformat.write(jupytext.read(SOURCES / "report.py"), source)
    try:
        papermill.execute_notebook(
            source,
            executed,
            {"reports": str(layout.reports.absolute())},
            kernel_name="python3",
            progress_bar=False,
            cwd=SOURCES.parent,
        )
    except PapermillExecutionError as error:
        raise ReportError(
            f"reports/report.py: {error.ename}: {error.evalue}; {executed} is the executed notebook"
        ) from error
    exporter = HTMLExporter(template_name="basic", exclude_input=True, exclude_output_prompt=True)
    body, _ = exporter.from_notebook_node(nbformat.read(executed, as_version=4))
    write_text(layout.report, (SOURCES / "page.html").read_text().replace(BODY, body))
