"""Images that are stored as files give the results of those stored as arrays."""

import pytest

from tests.workflow.conftest import RUN


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
    images = project.folder("prepare", "digits") / "images"
    assert not list(images.glob("*_images.npy"))
    for stage in ("twins", "measure"):  # each with a list of the digests of its files
        ours, theirs = (place.folder(stage, RUN) for place in (project, finished))
        assert (
            ours.with_name(f"{ours.name}.sha256").read_bytes() == theirs.with_name(f"{theirs.name}.sha256").read_bytes()
        )

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
