"""Whether a result was made from the commit that its record names."""

import json
import shutil
import subprocess
import sys

import pytest

from pipeline.jobs import provenance

ASK = "import json, provenance; print(json.dumps(provenance.git_state()))"
COMMIT = ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", "first")


def output(folder, *command):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def state(folder):
    return json.loads(output(folder, sys.executable, "-B", "-c", ASK))


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "reports/evidence").mkdir(parents=True)
    (tmp_path / "reports/evidence/table.csv").write_text("1\n")
    shutil.copy(provenance.__file__, tmp_path / "provenance.py")
    for words in (("init", "--quiet"), ("add", "."), COMMIT):
        output(tmp_path, "git", *words)
    return tmp_path


def test_dirty_where_code_differs_from_the_commit_but_not_where_evidence_is_added(repository):
    commit = output(repository, "git", "rev-parse", "HEAD").strip()
    (repository / "reports/evidence/table.csv").write_text("2\n")
    assert state(repository) == {"commit": commit, "dirty": False}
    with (repository / "provenance.py").open("a") as file:
        file.write("# changed\n")
    assert state(repository) == {"commit": commit, "dirty": True}
    shutil.rmtree(repository / ".git")
    assert state(repository) == {"commit": None, "dirty": None}
