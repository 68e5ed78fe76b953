"""Data, checkpoints and results between machines, by a folder and by an S3-compatible server.

One machine pushes them, another pulls them and makes every table without training.
"""

import hashlib
import re

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.workflow.conftest import Project

pytestmark = pytest.mark.long
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def server():
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
def client(server):
    return boto3.client("s3", endpoint_url=server)


@pytest.fixture(scope="module")
def pushed(finished, server, client, tmp_path_factory):
    """A finished project; a folder and a bucket have all of it."""
    client.create_bucket(Bucket="twins")
    folder = tmp_path_factory.mktemp("remote")
    project = finished.copy(folder / "twins")
    project.run("dvc", "remote", "add", "--quiet", "--default", "folder", str(folder / "objects"))
    project.run("dvc", "remote", "add", "--quiet", "bucket", "s3://twins/alignment")
    project.run("dvc", "remote", "modify", "--quiet", "bucket", "endpointurl", server)
    project.run("dvc", "repro", "--quiet")
    for remote in ("folder", "bucket"):
        project.run("dvc", "push", "--quiet", "--remote", remote)
    project.run("git", "add", "dvc.lock", ".dvc/config")
    project.run("git", "commit", "--quiet", "--message", "results")
    return project


@pytest.fixture(params=["folder", "bucket"])
def remote(request):
    return request.param


@pytest.fixture
def clone(pushed, tmp_path):
    pushed.run("git", "clone", "--quiet", str(pushed.path), str(tmp_path / "twins"))
    return Project(tmp_path / "twins")


def flip(pushed, client, remote, key):
    """Flip the last bit of an object of a remote."""
    if remote == "folder":
        path = pushed.path.parent / "objects" / key
        path.chmod(0o644)
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    else:
        place = {"Bucket": "twins", "Key": f"alignment/{key}"}
        data = client.get_object(**place)["Body"].read()
        client.put_object(**place, Body=data[:-1] + bytes([data[-1] ^ 1]))


def tables(project):
    """Every CSV of measures, tables and figures."""
    files = (path for folder in ("results", "reports") for path in (project.path / folder).rglob("*.csv"))
    return {path.relative_to(project.path).as_posix(): path.read_bytes() for path in files}


def test_a_clone_pulls_checkpoints_and_makes_every_table_without_training(pushed, clone, remote):
    clone.run("dvc", "pull", "--quiet", "--remote", remote, "prepare", "train")
    assert not (clone.path / "reports" / "table1.csv").exists()
    assert not (clone.path / "results" / "measures").exists()
    clone.pipeline("verify", "--deep")
    clone.run("snakemake", "--quiet", "--touch", "--cores", "1", "trained")
    log = clone.run("snakemake", "--cores", "2", "all")
    made = set(re.findall(r"^(?:local)?rule (\w+):$", log, re.MULTILINE))
    assert {"measure", "table1", "table2", "comparison", "bounds", "claims", "figure", "report"} <= made
    assert not {"prepare", "subset", "twins"} & made
    assert tables(clone) == tables(pushed)
    assert clone.stale("--deep") == []


def test_a_clone_that_pulls_all_has_all_except_what_was_altered_in_the_remote(pushed, client, clone, remote):
    file = next((pushed.path / "results" / "runs").rglob("cl-epoch0001.safetensors"))
    digest = hashlib.md5(file.read_bytes()).hexdigest()
    key = f"files/md5/{digest[:2]}/{digest[2:]}"
    flip(pushed, client, remote, key)
    clone.run("dvc", "pull", "--quiet", "--remote", remote)
    flip(pushed, client, remote, key)
    assert tables(clone) == tables(pushed)
    (fault,) = clone.stale("--deep")
    assert fault.endswith(f"{file.relative_to(pushed.path)} was altered")
