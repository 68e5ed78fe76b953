"""A copy of the project with settings so small that the whole chain runs in seconds."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from pipeline.jobs.chain import STAGES
from pipeline.planning.layout import Layout

ROOT = Path(__file__).parents[2]

TINY = (Path(__file__).parent / "tiny.yaml").read_text(encoding="utf-8")
RUN = "digits/classes=4,encoder=resnet10,width=4,projection=8,batch_size=256,epochs=1,warmup_epochs=0,seed=0"


@dataclass(frozen=True)
class Project:
    """A folder with the project's files, and commands run in it."""

    path: Path

    def run(self, *command: str, check: bool = True) -> str:
        """Standard output and error of a command of this environment; fails with them."""
        done = subprocess.run(
            command,
            cwd=self.path,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, f"{' '.join(command)}\n{done.stdout}"
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def start(self, *command: str, **options: Any) -> subprocess.Popen[str]:
        """The same, not waited for; `options` say where its output goes."""
        return subprocess.Popen(command, cwd=self.path, env=self.environment, text=True, **options)

    def pipeline(self, *words: str, check: bool = True) -> str:
        return self.run("python", "-m", "pipeline", *words, check=check)

    def planned(self, *targets: str) -> set[str]:
        """Rules of which a dry run says that they would run."""
        output = self.run("snakemake", "--dry-run", "--quiet", "host", "--", *targets)
        return {line.split()[0] for line in _job_table(output)}

    def folder(self, stage: str, subject: str) -> Path:
        """Folder of a result."""
        return self.path / Layout(Path("results"), Path("reports")).place(STAGES[stage], subject).folder

    def edit(self, file: str, old: str, new: str, count: int = -1) -> None:
        text = (self.path / file).read_text()
        assert old in text
        (self.path / file).write_text(text.replace(old, new, count))

    def copy(self, path: Path) -> "Project":
        shutil.copytree(self.path, path, symlinks=True)
        return Project(path)


def _job_table(output: str) -> list[str]:
    """Lines of Snakemake's table of jobs, without its rule `all` and the total."""
    if "Nothing to be done" in output:
        return []
    lines = output.split("Job stats:\n", 1)[1].splitlines()[2:]
    rows = lines[: lines.index("")] if "" in lines else lines
    return [line for line in rows if line.split()[0] not in {"all", "total"} and line.split()[-1].isdigit()]


@pytest.fixture(scope="session")
def sources(tmp_path_factory):
    """The project's files as git sees them, with tiny settings, in a repository of their own."""
    path = tmp_path_factory.mktemp("project") / "twins"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, path / name)
    (path / "params.yaml").write_text(TINY)
    project = Project(path)
    project.run("git", "init", "--quiet", "--initial-branch", "main")
    project.run("git", "config", "user.email", "test@example.org")
    project.run("git", "config", "user.name", "Test")
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--message", "start")
    return project


@pytest.fixture(scope="session")
def finished(sources, tmp_path_factory, worker_id):
    """The same after `snakemake` has made everything, once for all workers of the tests. Do not change it: take a
    copy."""
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "finished"
    terminal = folder / "terminal.txt"
    with FileLock(f"{folder}.lock"):
        if not terminal.is_file():
            project = sources.copy(folder / "twins")
            terminal.write_text(project.run("snakemake", "--cores", "2", "all"))
    return Project(folder / "twins")


@pytest.fixture
def project(finished, tmp_path):
    """A copy of the finished project, to be changed."""
    return finished.copy(tmp_path / "twins")
