"""What commands print and how they use the machine."""

import io
import subprocess
import sys

import click
import pytest
import torch

from pipeline.cli.app import app, main
from pipeline.cli.stage_commands import parallel_twins, warn_of_slow_precision
from pipeline.jobs.chain import STAGES
from pipeline.jobs.stage_names import STAGE_NAMES


@pytest.mark.parametrize(("device", "threads", "workers"), [("cpu", 3, 3), ("cuda", 3, 1)])
def test_twins_train_side_by_side_on_a_cpu_and_on_several_gpus(device, threads, workers, monkeypatch):
    assert parallel_twins(threads, torch.device(device)) == workers
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert parallel_twins(threads, torch.device(device)) == max(workers, 2)
    assert parallel_twins(threads, torch.device(device, 0)) == workers


@pytest.mark.parametrize(
    ("precision", "device", "capability", "warned"),
    [
        ("bfloat16", "cpu", "AVX2", True),
        ("bfloat16", "cpu", "AVX512", False),
        ("float32", "cpu", "AVX2", False),
        ("bfloat16", "cuda", "AVX2", False),
    ],
)
def test_bfloat16_without_instructions_for_it_is_slow(precision, device, capability, warned, monkeypatch, capsys):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    warn_of_slow_precision(precision, torch.device(device))
    assert ("float32 is several times faster" in capsys.readouterr().err) == warned


def test_an_ascii_terminal_shows_other_letters_by_their_numbers(monkeypatch):
    errors = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stderr", errors)
    assert main(["runs", "--params", "ü.yaml"]) == 2
    errors.flush()
    assert rb"\xfc.yaml" in errors.buffer.getvalue()


def test_help_lists_every_command_and_imports_none_of_them():
    """Each line is the first of what the command says of itself, read without an import."""
    loads = "import sys; from pipeline.cli.app import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True)
    assert not {"numpy", "pandas", "torch", "pydantic", "pipeline.jobs.chain"} & set(done.stderr.split())
    context = click.Context(app)
    text = " ".join(done.stdout.split())
    for name in app.list_commands(context):
        command = app.get_command(context, name)
        assert command is not None
        first = " ".join((command.help or "").partition("\n")[0].split())
        assert f"{name} {first}" in text
    assert tuple(STAGES) == STAGE_NAMES
