"""All commands as one, and how it ends: 0, or 2 after one sentence about input that cannot be used."""

from __future__ import annotations

import io
import os
import signal
import sys

import click

from pipeline.cli.command_list import Commands
from pipeline.jobs.stage_names import STAGE_NAMES
from twin_alignment.errors import InputError

WIDE = {"max_content_width": 120}
NAME = "python -m pipeline"
REPORT_EXTRA = ("papermill", "jupytext", "nbformat", "nbconvert")  # that nothing but the report needs


app = Commands(name=NAME, help="Run one stage, or look at what is planned and finished.", context_settings=WIDE)


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # an ASCII terminal shows ² as \xb2
            stream.reconfigure(errors="backslashreplace")
    words = sys.argv[1:] if arguments is None else arguments
    name = words[0] if words else ""
    try:
        with app.make_context(NAME, list(words)) as context:  # not `app.main`, which has its own ends
            app.invoke(context)
        sys.stdout.flush()
        return 0
    except click.exceptions.Exit as end:  # --help
        return end.exit_code
    except click.UsageError as error:
        hint = f"; `{error.ctx.command_path} --help` explains it" if error.ctx else ""
        return _refused(f"{error.format_message().rstrip('.')}{hint}")
    except BrokenPipeError:  # the reader of the output has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE if name in STAGE_NAMES else 0  # a stage prints nothing: it was still at work
    except InputError as error:
        return _refused(str(error))
    except OSError as error:  # a full disk, a folder that may not be written, a file where a folder should be
        place = f"{error.filename}: " if error.filename else ""
        return _refused(f"{place}{error.strerror.lower() if error.strerror else error}")
    except ModuleNotFoundError as error:
        if error.name not in REPORT_EXTRA:
            raise
        return _refused(f"{name} needs {error.name}, of the extra `report`: pip install '.[report]' in a checkout")


def _refused(sentence: str) -> int:
    print(f"error: {sentence}", file=sys.stderr)
    return 2
