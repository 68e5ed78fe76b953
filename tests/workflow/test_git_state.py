"""Whether a result was made from the commit that its record names."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.jobs import provenance

ASK = "import json, provenance; print(json.dumps(provenance.git_state()))"


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "reports/evidence").mkdir(parents=True)
    (tmp_path / "reports/evidence/table.csv").write_text("1\n")
    shutil.copy(provenance.__file__, tmp_path / "provenance.py")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", "first")
    return tmp_path


def asked(repository: Path) -> str:
    return subprocess.run(
        [sys.executable, "-B", "-c", ASK], cwd=repository, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_dirty_where_code_differs_from_the_commit_but_not_where_evidence_is_added(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    (repository / "reports/evidence/table.csv").write_text("2\n")
    assert asked(repository) == f'{{"commit": "{commit}", "dirty": false}}'
    with (repository / "provenance.py").open("a") as file:
        file.write("# changed\n")
    assert asked(repository) == f'{{"commit": "{commit}", "dirty": true}}'


def test_neither_commit_nor_changes_outside_a_repository(repository: Path) -> None:
    shutil.rmtree(repository / ".git")
    assert asked(repository) == '{"commit": null, "dirty": null}'
