"""A copy of the project with settings so small that the whole chain runs in seconds."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image

from pipeline.config.params import read_params
from pipeline.jobs.chain import STAGES
from pipeline.planning.expansion import plan
from pipeline.planning.layout import Layout
from pipeline.planning.plan import Plan

ROOT = Path(__file__).parents[2]
LAYOUT = Layout(Path("results"), Path("reports"))
TINY = (Path(__file__).parent / "tiny.yaml").read_text(encoding="utf-8")
RUN = "digits/classes=4,encoder=resnet10,width=4,projection=8,batch_size=256,epochs=1,warmup_epochs=0,seed=0"


@dataclass(frozen=True)
class Project:
    """A folder with the project's files, and commands run in it."""

    path: Path

    def run(self, *command: str, check: bool = True) -> str:
        """Return standard output and error of a command of this environment."""
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
        """Start a command in the background."""
        return subprocess.Popen(command, cwd=self.path, env=self.environment, text=True, **options)

    def pipeline(self, *words: str, check: bool = True) -> str:
        return self.run("python", "-m", "pipeline", *words, check=check)

    def dry_run(self, *targets: str) -> tuple[set[str], str]:
        """Return the rules that a dry run of Snakemake would run, and all that it prints."""
        output = self.run("snakemake", "--dry-run", "--quiet", "host", "--", *targets)
        return {line.split()[0] for line in _job_table(output)}, output

    def planned(self, *targets: str) -> set[str]:
        return self.dry_run(*targets)[0]

    def stale(self, *words: str) -> list[str]:
        """Return the lines of `verify` that name a result."""
        output = self.pipeline("verify", *words, check=False)
        return [] if "finished results, all as" in output else output.strip().splitlines()[1:]

    def folder(self, stage: str, subject: str) -> Path:
        """Folder of a result."""
        return self.path / LAYOUT.place(STAGES[stage], subject).folder

    def edit(self, file: str, old: str, new: str, count: int = -1) -> None:
        text = (self.path / file).read_text()
        assert old in text
        (self.path / file).write_text(text.replace(old, new, count))

    @contextmanager
    def edited(self, *edits: tuple[Any, ...]) -> Iterator[None]:
        """Edit files, and restore them afterwards."""
        before = {file: (self.path / file).read_text() for file, *_ in edits}
        for edit in edits:
            self.edit(*edit)
        try:
            yield
        finally:
            for file, text in before.items():
                (self.path / file).write_text(text)

    def copy(self, path: Path) -> "Project":
        shutil.copytree(self.path, path, symlinks=True)
        return Project(path)


def _job_table(output: str) -> list[str]:
    """Lines of Snakemake's table of jobs, without `all` and the total."""
    if "Nothing to be done" in output:
        return []
    lines = output.split("Job stats:\n", 1)[1].splitlines()[2:]
    rows = lines[: lines.index("")] if "" in lines else lines
    return [line for line in rows if line.split()[0] not in {"all", "total"} and line.split()[-1].isdigit()]


@pytest.fixture(scope="session")
def sources(tmp_path_factory):
    """A repository with the project's files as git lists them, and tiny settings."""
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


def prepared_for(sources: Project, path: Path, epochs: int) -> Project:
    """Return a copy whose run of `epochs` can be trained at once."""
    project = sources.copy(path / "twins")
    project.edit("params.yaml", "epochs: 1", f"epochs: {epochs}")
    project.pipeline("prepare", "digits")
    project.pipeline("subset", "digits/classes=4,seed=0")
    return project


def write_shapes(folder: Path) -> None:
    """Write grey images of 8 x 8 pixels, of three classes, each a bright square at its own place."""
    random = np.random.default_rng(0)
    for split, count in (("train", 24), ("test", 12)):
        for label, corner in (("left", 0), ("middle", 2), ("right", 4)):
            (folder / split / label).mkdir(parents=True)
            for number in range(count):
                pixels = random.integers(0, 100, (8, 8))
                pixels[2:6, corner : corner + 4] += 150
                Image.fromarray(pixels.astype(np.uint8)).save(folder / split / label / f"{number}.png")


def planned_here() -> tuple[Plan, Layout]:
    """Return plan and layout of the working directory's params.yaml."""
    return plan(read_params(Path("params.yaml"))), LAYOUT


@pytest.fixture(scope="session")
def finished(sources, tmp_path_factory, worker_id):
    """The project after `snakemake`, once for all workers of the tests. Read-only: tests change a copy."""
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
    """A copy of the finished project."""
    return finished.copy(tmp_path / "twins")
