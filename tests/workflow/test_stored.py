"""Images that are stored as files give the results of those stored as arrays."""

import pytest

from tests.workflow.conftest import RUN

FILES = [f"results/measures/{RUN}/{kind}.csv" for kind in ("probes", "alignment", "weights", "collapse", "movement")]
FILES += [f"results/checkpoints/{RUN}/SHA256SUMS", f"results/steps/{RUN}.csv.gz"]


@pytest.mark.long
def test_no_result_depends_on_how_images_are_stored(sources, finished, tmp_path):
    project = sources.copy(tmp_path / "twins")
    project.edit("params.yaml", "digits: {source: digits,", "digits: {source: digits, stored: files,")
    for stage, subject in (
        ("prepare", "digits"),
        ("subset", "digits/classes=4,seed=0"),
        ("twins", RUN),
        ("measure", RUN),
    ):
        project.pipeline(stage, subject)
    assert not list((project.path / "results" / "data" / "digits").glob("*_images.npy"))
    for name in FILES:
        assert (project.path / name).read_bytes() == (finished.path / name).read_bytes(), name

    shard = project.path / "results" / "data" / "digits" / "test-00000.zip"
    data = bytearray(shard.read_bytes())
    data[100] ^= 1
    shard.write_bytes(bytes(data))
    output = project.pipeline("measure", RUN, check=False)
    assert "test-00000.zip image 0: not as it was written; prepare the dataset again" in output
    assert "Traceback" not in output
    assert "test-00000.zip was altered" in project.pipeline("verify", "--deep", check=False)
    project.pipeline("prepare", "digits")
    project.pipeline("measure", RUN)
