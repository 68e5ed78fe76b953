"""What the whole chain needs and leaves: no network, and nothing outside the project's own folders."""

import os
import shutil
import subprocess

import pytest

from tests.workflow.artefacts import content

DECLARED = {".cache/snakemake", ".cache/matplotlib"}  # what both keep between uses of any kind; see docs/reliability.md


@pytest.mark.long
def test_the_whole_chain_needs_no_network_and_leaves_nothing_elsewhere(sources, finished, tmp_path):
    """In a network of its own, in which not even loopback is up; with an empty home and folder of temporary files. What
    it makes has the same bytes as elsewhere."""
    alone = ("unshare", "--net", "--map-root-user")
    if not shutil.which("unshare") or subprocess.run([*alone, "true"], check=False).returncode:
        pytest.skip("this system does not let a process have a network of its own")
    project = sources.copy(tmp_path / "twins")
    outside = {name: tmp_path / name for name in ("home", "temporary")}
    for folder in outside.values():
        folder.mkdir()
    usual = {name: value for name, value in project.environment.items() if not name.startswith("XDG_")}
    done = subprocess.run(
        [*alone, "snakemake", "--cores", "2", "all"],
        cwd=project.path,
        env={**usual, "HOME": str(outside["home"]), "TMPDIR": str(outside["temporary"])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert (project.path / "reports" / "report.html").is_file()
    assert content(project) == content(finished)
    left = {
        os.path.relpath(os.path.join(parent, name), outside["home"])
        for parent, _, names in os.walk(outside["home"])
        for name in names
    }
    assert {path for path in left if not any(path.startswith(f"{known}/") for known in DECLARED)} == set()
    assert list(outside["temporary"].iterdir()) == []
    known = set(project.run("git", "ls-files").splitlines())
    new = {
        path for path in project.run("git", "status", "--porcelain", "--ignored").splitlines() if path[3:] not in known
    }
    assert {path[3:].split("/")[0] for path in new} <= {".snakemake", "results", "reports", "pipeline", "tests"}, new
