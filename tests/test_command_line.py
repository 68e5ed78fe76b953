import io
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from pipeline.cli.app import main
from pipeline.cli.stage_commands import parallel_twins, warn_of_slow_precision
from pipeline.jobs.chain import STAGES

ROOT = Path(__file__).parents[1]
SETTINGS = (Path(__file__).parent / "two_epochs.yaml").read_text(encoding="utf-8")
RUN = "digits/classes=3,encoder=resnet10,width=4,projection=8,batch_size=128,epochs=2,warmup_epochs=0,seed=0"


@pytest.fixture
def params(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(SETTINGS.replace("RESULTS", str(tmp_path / "results")))
    return str(path)


def test_the_stages_by_hand_give_the_tables(params, tmp_path, capsys):
    assert main(["runs", "--params", params]) == 0
    assert capsys.readouterr().out.split("\t")[0] == RUN
    for stage, *arguments in (
        ("prepare", "digits"),
        ("subset", "digits/classes=3,seed=0"),
        ("twins", RUN, "--device", "cpu"),
        ("baselines", "digits/classes=3,seed=0"),
        ("measure", RUN),
        ("between_seeds", RUN),
        ("bounds",),
        ("curvature", RUN),
        ("figure", "collapse"),
        ("table2",),
        ("table1",),
    ):
        assert main([stage, *arguments, "--params", params]) == 0, capsys.readouterr().err
    table = pd.read_csv(tmp_path / "results" / "reports" / "table1.csv")
    assert set(table.query("status == 'measured'")["objective"]) == {"raw_pixels", "untrained", "cl", "nscl"}
    assert (table.query("n_seeds == 1")["ci_low"].isna()).all()  # one seed has no interval
    assert main(["verify", "--params", params]) == 0
    capsys.readouterr()
    assert main(["twins", RUN, "--params", params]) == 0
    assert "finished already" in capsys.readouterr().err  # hours are not spent twice by mistake


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["twins", RUN], "missing; `python -m pipeline prepare digits --params FILE` makes it"),
        (["prepare", "mnist"], "dataset: expected one of cifar10"),
        (["twins", "digits"], "expected dataset/field=value"),
        (["twins", RUN, "--device", "tpu"], "--device: expected auto, cpu or cuda, got tpu"),
        (["subset", "digits", "--threads", "1"], "subset 'digits': expected dataset/classes=C,seed=S"),
        (["subset", "digits/classes=x,seed=0"], "expected dataset/classes=C,seed=S, C a number or all"),
        (["figure", "fig9"], "figure 'fig9': expected one of"),
        (["measure", RUN], "missing; `python -m pipeline prepare digits --params FILE` makes it"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(params, capsys, arguments, message):
    assert main([*arguments, "--params", params]) == 2
    error = capsys.readouterr().err
    assert message.replace("FILE", str(params)) in error
    assert error.startswith("error: ")
    assert error.count("\n") == 1


def test_a_file_where_a_folder_should_be_is_named(params, tmp_path, capsys):
    (tmp_path / "taken").write_text("")
    assert main(["prepare", "digits", "--params", params, "--results", str(tmp_path / "taken")]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {tmp_path / 'taken'}")
    assert error.endswith(": not a directory\n") or error.endswith(": file exists\n")


def test_a_full_disk_is_said_in_one_line(params):
    """A limit of the size of files, which the system refuses in the same way."""
    code = (
        "import resource, sys; from pipeline.__main__ import main; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000)); "
        f"sys.exit(main(['prepare', 'digits', '--params', {params!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert re.fullmatch(r"error: /\S+/train_images.npy: file too large\n", done.stderr)


def test_start_is_refused_outside_of_the_checkout(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["start", "images"]) == 2
    expected = f"error: start: expected to be run in {ROOT}, the folder of the checkout, got {tmp_path}\n"
    assert capsys.readouterr().err == expected
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["0", "-1", "two"])
def test_a_number_of_threads_is_a_number_from_one(params, capsys, text):
    assert main(["prepare", "digits", "--params", params, f"--threads={text}"]) == 2
    assert re.fullmatch(rf"error: Invalid value for '--threads': '?{text}'? is not .*\n", capsys.readouterr().err)


def test_a_class_count_that_the_data_set_lacks_is_refused(params, capsys):
    assert main(["prepare", "digits", "--params", params]) == 0
    assert main(["subset", "digits/classes=11,seed=0", "--params", params]) == 2
    assert "classes: expected 2 to 10 for digits, got 11" in capsys.readouterr().err


@pytest.mark.parametrize("stage", [*STAGES, "runs", "verify", "remake", "cost", "schema", "evidence"])
def test_every_command_explains_itself(stage, capsys):
    assert main([stage, "--help"]) == 0
    assert f"Usage: python -m pipeline {stage}" in capsys.readouterr().out


def test_help_does_not_wait_for_torch():
    script = "import sys, pipeline.__main__; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize(("device", "threads", "workers"), [("cpu", 3, 3), ("cuda", 3, 1)])
def test_twins_train_side_by_side_on_a_cpu_and_on_several_cards(device, threads, workers, monkeypatch):
    assert parallel_twins(threads, torch.device(device)) == workers
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert parallel_twins(threads, torch.device(device)) == max(workers, 2)
    assert parallel_twins(threads, torch.device(device, 0)) == workers


def test_output_that_is_not_read_to_its_end_is_no_error(params):
    command = [sys.executable, "-m", "pipeline", "runs", "--params", params]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 0


@pytest.mark.parametrize(
    ("precision", "device", "capability", "said"),
    [
        ("bfloat16", "cpu", "AVX2", True),
        ("bfloat16", "cpu", "AVX512", False),
        ("float32", "cpu", "AVX2", False),
        ("bfloat16", "cuda", "AVX2", False),
    ],
)
def test_bfloat16_without_instructions_for_it_is_said_to_be_slow(
    precision, device, capability, said, monkeypatch, capsys
):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    warn_of_slow_precision(precision, torch.device(device))
    assert ("float32 is several times faster" in capsys.readouterr().err) == said


def test_a_terminal_that_is_ascii_shows_other_letters_by_their_numbers(tmp_path, monkeypatch):
    streams = {name: io.TextIOWrapper(io.BytesIO(), encoding="ascii") for name in ("stdout", "stderr")}
    for name, stream in streams.items():
        monkeypatch.setattr(sys, name, stream)
    for seed, name in enumerate(("ä.npy", "ö.npy")):
        np.save(tmp_path / name, np.random.default_rng(seed).normal(size=(9, 2)))
    steps = ("--temperature", "1", "--learning-rate", "0.1", "--steps", "10", "--delta", "0.1")
    assert main(["align", str(tmp_path / "ä.npy"), str(tmp_path / "ö.npy"), "--measures", "cka"]) == 0
    assert main(["bound", "--classes", "10", "--batch", "1000", *steps]) == 0
    assert main(["align", str(tmp_path / "ä.npy"), str(tmp_path / "ü.npy")]) == 2
    found = {}
    for name, stream in streams.items():
        stream.flush()
        found[name] = stream.buffer.getvalue().decode("ascii")
    assert r"chance \xb1 s.d." in found["stdout"]
    assert r"\xfc.npy: no such file" in found["stderr"]
