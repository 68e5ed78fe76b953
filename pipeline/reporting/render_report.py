"""Execution of the report's notebook."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import papermill
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from pipeline.config.references import PROJECT
from pipeline.system.files import write_json

OFFLINE = Config({"KernelManager": {"transport": "ipc"}})  # by files, so that no network is needed, not even loopback
TEMPORARY_FOLDERS = ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR")
KERNEL = "python3"  # as named in the notebook's source


class ReportError(RuntimeError):
    """A cell failed; the executed notebook has its traceback."""


def execute(source: Path, parameters: dict[str, Any], failed: Path) -> nbformat.NotebookNode:
    """Execute a notebook; one with a failing cell is left as `failed`."""
    failed.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(dict.fromkeys(TEMPORARY_FOLDERS, folder))
        _declare_kernel(Path(folder))
        notebook, executed = Path(folder) / "source.ipynb", Path(folder) / "executed.ipynb"
        nbformat.write(jupytext.read(source), notebook)
        settings = {"kernel_name": KERNEL, "config": OFFLINE, "progress_bar": False, "cwd": PROJECT}
        at_end = {"request_save_on_cell_execute": False}  # it is saved once: twice a cell takes longer than the cells
        try:
            notebook_node: nbformat.NotebookNode = papermill.execute_notebook(
                notebook, executed, parameters, **settings, **at_end
            )
        except PapermillExecutionError as error:
            shutil.copyfile(executed, failed)
            raise ReportError(f"{source}: {error.ename}: {error.evalue}; {failed} is the executed notebook") from error
        return notebook_node


def _declare_kernel(folder: Path) -> None:
    """Give this interpreter's kernel precedence over installed ones and over the user's JUPYTER_PATH."""
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    specification = {"argv": argv, "display_name": "Python 3", "language": "python"}
    write_json(folder / "kernels" / KERNEL / "kernel.json", specification)
    os.environ["JUPYTER_PATH"] = str(folder)
