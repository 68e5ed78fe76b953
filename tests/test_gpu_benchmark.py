"""The GPU's benchmark walks its whole path on a CPU, in tiny sizes."""

import json
import subprocess
import tarfile
from pathlib import Path

import numpy as np
import pytest

from benchmarks import gpu
from benchmarks.cifar100 import params
from pipeline.config.base import parse
from pipeline.config.params import Params
from pipeline.planning.expansion import plan
from tests.datasets.image_sets import encoded, write_zip


def test_its_settings_are_those_of_a_gpu_hour_with_controls(tmp_path):
    files = {f"train/{label}/{number}.png": b"" for label in "ab" for number in range(512)}
    archive = write_zip(tmp_path / "a.zip", files)
    values = params([archive], tmp_path, 40, {})
    ((run, request),) = plan(parse(Params, values, "here")).requests.items()
    assert (run.encoder, run.batch_size, run.epochs, run.warmup_epochs) == ("resnet18", 1024, 40, 4)
    assert request.names == ("cl", "nscl", "scl", "ce", "nscl_shuffled", "cl_independent")
    assert request.checkpoints == (0, 4, 14, 40)


def test_the_faster_of_two_ways_is_chosen(tmp_path):
    rows = [
        {"twins": list(gpu.TWINS), "seconds": 8.0, "compiled": False},
        {"twins": list(gpu.TWINS), "seconds": 6.0, "compiled": True},
        {"twins": ["cl"], "seconds": 1.0, "compiled": False},
    ]
    (tmp_path / "speed.json").write_text(json.dumps({"measured": dict(enumerate(rows))}))
    assert gpu.six_twins(tmp_path / "speed.json") == (6.0, ["--compile"])


@pytest.mark.long
def test_speed_and_cifar100_by_one_command_that_resumes(tmp_path):
    generator = np.random.default_rng(0)
    archives = []
    for split, each in (("train", 12), ("test", 6)):
        members = {
            f"{split}/{label}/{number}.png": encoded(generator.integers(0, 256, (8, 8, 3), np.uint8))
            for label in "abcd"
            for number in range(each)
        }
        archives.append(str(write_zip(tmp_path / f"{split}.zip", members)))
    work, out = tmp_path / "work", tmp_path / "out"
    command = [str(Path(gpu.__file__).with_name("gpu.sh")), str(work), str(out)]
    small = ["--device", "cpu", "--small"]
    subprocess.run([*command, "speed", *small, "--no-compile", "--seconds", "0"], check=True)
    subprocess.run([*command, "speed", *small, "--no-compile"], check=True)
    found = json.loads((out / "speed.json").read_text())["measured"]
    assert found["resnet10, 1 twins"]["seconds"] > 0
    assert found["resnet10, floor"]["operations"] > 0
    for _ in range(2):
        subprocess.run([*command, "cifar100", *small, "--data", *archives, "--epochs", "4"], check=True)
    with tarfile.open(out / "cifar100.tar.gz") as archive:
        names = archive.getnames()
    assert {"reports/table1.csv", "reports/table2.csv", "reports/claims.csv", "params.json"} <= set(names)
    assert (out / "test_features_nscl.safetensors").is_file()
