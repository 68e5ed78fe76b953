"""Data, checkpoints and results between machines, by a folder and by an S3-compatible server: one pushes them, another
pulls them and makes every table without training."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.workflow.conftest import Project

pytestmark = pytest.mark.long
REMOTES = ("folder", "bucket")
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass(frozen=True)
class Pushed:
    """A finished project, and how to change the object that a remote has under a key."""

    project: Project
    alter: dict[str, Callable[[str], None]]

    def cloned(self, path: Path) -> Project:
        self.project.run("git", "clone", "--quiet", str(self.project.path), str(path))
        return Project(path)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Address of an S3-compatible server, with credentials in the environment as its users have them."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def pushed(finished, server, tmp_path_factory) -> Pushed:
    """With a folder and a bucket that have all of it."""
    folder = tmp_path_factory.mktemp("remote")
    client = boto3.client("s3", endpoint_url=server)
    client.create_bucket(Bucket="twins")
    project = finished.copy(folder / "twins")
    project.run("dvc", "remote", "add", "--quiet", "--default", "folder", str(folder / "objects"))
    project.run("dvc", "remote", "add", "--quiet", "bucket", "s3://twins/alignment")
    project.run("dvc", "remote", "modify", "--quiet", "bucket", "endpointurl", server)
    project.run("dvc", "repro", "--quiet")
    for remote in REMOTES:
        project.run("dvc", "push", "--quiet", "--remote", remote)
    project.run("git", "add", "dvc.lock", ".dvc/config")
    project.run("git", "commit", "--quiet", "--message", "results")

    def in_folder(key: str) -> None:
        path = folder / "objects" / key
        path.chmod(0o644)
        path.write_bytes(flipped(path.read_bytes()))

    def in_bucket(key: str) -> None:
        place = {"Bucket": "twins", "Key": f"alignment/{key}"}
        client.put_object(**place, Body=flipped(client.get_object(**place)["Body"].read()))

    return Pushed(project, {"folder": in_folder, "bucket": in_bucket})


def flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def tables(project: Project) -> dict[str, bytes]:
    """Every CSV of measures, tables and figures."""
    files = (path for folder in ("results", "reports") for path in (project.path / folder).rglob("*.csv"))
    return {path.relative_to(project.path).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("remote", REMOTES)
def test_a_clone_pulls_checkpoints_and_makes_every_table_without_training(pushed, remote, tmp_path):
    clone = pushed.cloned(tmp_path / "twins")
    clone.run("dvc", "pull", "--quiet", "--remote", remote, "prepare", "train")
    assert not (clone.path / "reports" / "table1.csv").exists()
    assert not (clone.path / "results" / "measures").exists()
    clone.pipeline("verify", "--deep")
    clone.run("snakemake", "--quiet", "--touch", "--cores", "1", "trained")
    log = clone.run("snakemake", "--cores", "2", "all")
    made = set(re.findall(r"^(?:local)?rule (\w+):$", log, re.MULTILINE))
    assert {"measure", "table1", "table2", "comparison", "bounds", "claims", "figure", "report"} <= made
    assert not {"prepare", "subset", "twins"} & made
    assert tables(clone) == tables(pushed.project)
    assert "all as these settings" in clone.pipeline("verify", "--deep")


@pytest.mark.parametrize("remote", REMOTES)
def test_a_clone_that_pulls_all_has_all_but_for_what_was_altered_in_the_remote(pushed, remote, tmp_path):
    file = next((pushed.project.path / "results" / "runs").rglob("cl-epoch0001.safetensors"))
    digest = hashlib.md5(file.read_bytes()).hexdigest()
    key = f"files/md5/{digest[:2]}/{digest[2:]}"
    pushed.alter[remote](key)
    clone = pushed.cloned(tmp_path / "twins")
    clone.run("dvc", "pull", "--quiet", "--remote", remote)
    pushed.alter[remote](key)  # as it was
    assert tables(clone) == tables(pushed.project)
    _, fault = clone.pipeline("verify", "--deep", check=False).splitlines()
    assert fault.endswith(f"{file.relative_to(pushed.project.path)} was altered")
