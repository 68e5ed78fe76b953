"""The same results however images are stored, with any number of threads, and without a network."""

import os
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from tests.workflow.artefacts import content
from tests.workflow.conftest import RUN

CACHES = {".cache/snakemake", ".cache/matplotlib"}  # what both keep between uses of any kind; see docs/reliability.md
MEASURES = ("probes", "alignment", "weights", "collapse", "movement")

pytestmark = pytest.mark.long


def digests(project, stage):
    folder = project.folder(stage, RUN)
    return folder.with_name(f"{folder.name}.sha256").read_bytes()


def test_no_result_depends_on_how_images_are_stored(sources, finished, tmp_path):
    project = sources.copy(tmp_path / "twins")
    project.edit("params.yaml", "digits: {source: digits,", "digits: {source: digits, stored: files,")
    for words in (("prepare", "digits"), ("subset", "digits/classes=4,seed=0"), ("twins", RUN), ("measure", RUN)):
        project.pipeline(*words)
    images = project.folder("prepare", "digits") / "images"
    assert not list(images.glob("*_images.npy"))
    for stage in ("twins", "measure"):
        assert digests(project, stage) == digests(finished, stage)

    shard = images / "test-00000.zip"
    data = bytearray(shard.read_bytes())
    data[100] ^= 1
    shard.write_bytes(bytes(data))
    output = project.pipeline("measure", RUN, check=False)
    assert "test-00000.zip image 0: not as it was written; prepare the dataset again" in output
    assert "Traceback" not in output
    assert "test-00000.zip was altered" in project.pipeline("verify", "--deep", check=False)
    project.pipeline("prepare", "digits")
    project.pipeline("measure", RUN)


def test_two_threads_train_to_the_bit_and_measure_to_the_last_digits(finished, project):
    project.pipeline("remake", RUN)
    for stage in ("twins", "measure"):
        project.pipeline(stage, RUN, "--threads", "2")
    assert digests(project, "twins") == digests(finished, "twins")
    for kind in MEASURES:
        one, two = (pd.read_csv(p.folder("measure", RUN) / f"{kind}.csv") for p in (finished, project))
        numbers = one.select_dtypes("number").columns
        pd.testing.assert_frame_equal(one.drop(columns=numbers), two.drop(columns=numbers))
        np.testing.assert_allclose(one[numbers], two[numbers], rtol=1e-4, atol=1e-6)


def test_the_whole_chain_needs_no_network_and_leaves_nothing_elsewhere(sources, finished, tmp_path):
    """Even loopback is down; home and the folder of temporary files are empty."""
    isolated = ("unshare", "--net", "--map-root-user")
    if not shutil.which("unshare") or subprocess.run([*isolated, "true"], check=False).returncode:
        pytest.skip("this system does not let a process have a network of its own")
    project = sources.copy(tmp_path / "twins")
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    home.mkdir()
    temporary.mkdir()
    usual = {name: value for name, value in project.environment.items() if not name.startswith("XDG_")}
    done = subprocess.run(
        [*isolated, "snakemake", "--cores", "2", "all"],
        cwd=project.path,
        env={**usual, "HOME": str(home), "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert content(project) == content(finished)
    left = {os.path.relpath(os.path.join(parent, name), home) for parent, _, names in os.walk(home) for name in names}
    assert {path for path in left if not any(path.startswith(f"{cache}/") for cache in CACHES)} == set()
    assert list(temporary.iterdir()) == []
    tracked = set(project.run("git", "ls-files").splitlines())
    status = project.run("git", "status", "--porcelain", "--ignored").splitlines()
    new = {line[3:].split("/")[0] for line in status if line[3:] not in tracked}
    assert new <= {".snakemake", "results", "reports", "pipeline", "twin_alignment", "tests"}
