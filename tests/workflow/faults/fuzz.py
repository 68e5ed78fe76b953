"""Wrong input: altered right input, and values that programs trip over."""

import contextlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.__main__ import main
from pipeline.config.base import SettingsError

NASTY = [
    *("", " ", "-", "--", ".", "..", "/", "//", "~", "null", "true", "no", "NaN", "inf", "-inf", "1e308", "1e-320"),
    *("-0", "0", "-1", "1.5", "9" * 400, "0x10", "1_000", "1e5", "[]", "{}", "[[]]", "[1, 2]", "{a: 1}", "&a [*a]"),
    *("*a", "!!python/object:os.system", "2001-01-01", "a: b: c", "'", '"', "\t", "\\", "\0", "\r", "é", "e\u0301"),
    *("\u202e", "\U0001f600", "$(touch x)", "`x`", "; rm -rf x", "%s", "{0}", "{results}", "a" * 300, "a,b=1", "a=b"),
    "seed=1,seed=2",
]


@dataclass(frozen=True)
class Answer:
    """Exit status, output and errors of a command."""

    status: int
    output: str
    errors: str

    @property
    def fair(self) -> bool:
        """A result, or a sentence and exit status 2."""
        sentence = re.search(r"(?m)^error: \S", self.errors) and "Traceback" not in self.errors
        return self.status == 0 or (self.status == 2 and bool(sentence))


def answer(*words: str) -> Answer:
    """Run a command of the pipeline, or of the library, in this process; raises what it raises."""
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        status = _of_library(*words) if words[0] == "align" else main(list(words))
    return Answer(status, output.getvalue(), errors.getvalue())


def _of_library(*words: str) -> int:
    from twin_alignment.cli import main as library

    try:
        library(list(words))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def sentence(does: Callable[[], object]) -> str:
    """Return the sentence with which something is refused; the empty text where it is not."""
    try:
        does()
    except (SettingsError, FileNotFoundError) as error:
        return str(error)
    return ""


def altered_bytes(rng: np.random.Generator, data: bytes) -> bytes:
    """Bits flipped, parts cut, doubled, zeroed or moved."""
    changed = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        if not changed:
            break
        place = int(rng.integers(len(changed)))
        length = int(rng.integers(1, 1 + max(1, len(changed) // 4)))
        match rng.integers(7):
            case 0 | 1:
                changed[place] ^= 1 << int(rng.integers(8))
            case 2:
                del changed[place:]
            case 3:
                del changed[place : place + length]
            case 4:
                changed[place:place] = changed[place : place + length]
            case 5:
                changed[place : place + length] = bytes(len(changed[place : place + length]))
            case 6:
                changed[place : place + 4] = rng.bytes(4)
    return bytes(changed)


def altered_text(rng: np.random.Generator, text: str) -> str:
    """A word in the place of another, or a line moved, doubled, cut or indented."""
    lines = text.splitlines()
    for _ in range(rng.integers(1, 3)):
        at, to = (int(rng.integers(len(lines))) for _ in range(2))
        match rng.integers(6):
            case 0 | 1 | 2:
                words = re.split(r"([\w.+-]+)", lines[at])
                if len(words) > 1:
                    words[1 + 2 * int(rng.integers(len(words) // 2))] = str(rng.choice(NASTY))
                lines[at] = "".join(words)
            case 3:
                lines.insert(to, lines[at])
            case 4:
                lines[at] = f"  {lines[at]}"
            case 5:
                lines.insert(to, lines.pop(at))
    return "\n".join(lines) + "\n"
