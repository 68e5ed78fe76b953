"""README and the documentation as tests read them: pages, blocks of code, and commands."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAMS = ("python -m", "twin-alignment ", "snakemake ", "dvc ", "make ", "pip install", "jupytext ", "papermill ")
BLOCK = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Page:
    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """Text outside of blocks of code."""
        return BLOCK.sub("", self.text)

    def blocks(self, language: str) -> list[str]:
        return [code for kind, code in BLOCK.findall(self.text) if kind == language]

    @property
    def names(self) -> list[str]:
        """Words in backticks within the prose."""
        return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", self.prose)]

    @property
    def commands(self) -> list[str]:
        """Commands of shell blocks: one a line, or several joined by `&&`."""
        lines = [re.sub(r"\s+#.*", "", line) for code in self.blocks("sh") for line in code.splitlines()]
        return [part.strip() for line in lines for part in line.split("&&") if part.strip()]


ALL = [
    Page(path) for path in (ROOT / "README.md", ROOT / "config" / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
]
COMMANDS = sorted({command for page in ALL for command in page.commands})
MENTIONED = sorted({name for page in ALL for name in page.names if name.startswith(PROGRAMS)})
