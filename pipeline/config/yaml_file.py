"""Read the plain values of a settings file.

ruamel.yaml refuses a key that comes twice in one block, where PyYAML silently keeps the last one. It reads YAML 1.2, as
DVC does; Snakemake reads YAML 1.1. Values that the two read differently without an error are refused.
"""

import json
import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.tokens import ScalarToken

from pipeline.config.base import SettingsError

# YAML 1.1 reads 010 as 8, 1:30 as 90 and yes as true; YAML 1.2 as 10 and text
AMBIGUOUS = re.compile(r"[-+]?(0[0-7_]+|[\d_]+(:[0-5]?\d)+(\.[\d_]*)?)|yes|no|on|off", re.IGNORECASE)
WORD = re.compile(r"[-+\w.]+(?::[-+\w.]+)*")  # contains every value that could be ambiguous


def read_values(path: Path) -> Any:
    """Read a YAML or JSON file.

    Args:
        path: the file; JSON if its name ends in `.json`.

    Returns:
        Dictionaries, lists, numbers and text.

    Raises:
        SettingsError: names the file, and in YAML the line.
    """
    if not path.is_file():
        raise SettingsError(f"{path}: no such file")
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix == ".json" else _read_yaml(text, path)
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 text at byte {error.start}") from None
    except MarkedYAMLError as error:
        where = f"{path}, line {error.problem_mark.line + 1}" if error.problem_mark else path
        problem = (error.problem or "").partition(" with value")[0]  # of a duplicate key
        hint = ": expected spaces, got a tab" if "'\\t'" in problem else ""
        raise SettingsError(f"{where}: not YAML: {problem}{hint}") from None
    except SettingsError:
        raise
    except (YAMLError, ValueError, RecursionError) as error:  # ValueError: a number or a date that Python refuses
        raise SettingsError(f"{path}: not {path.suffix[1:].upper()}: {error}") from None


def _read_yaml(text: str, path: Path) -> Any:
    """Read YAML, and refuse values that Snakemake would read differently."""
    reader = YAML(typ="safe", pure=True)
    suspicious = any(map(AMBIGUOUS.fullmatch, WORD.findall(text)))  # else the scan, half of the time, finds nothing
    for token in reader.scan(text) if suspicious else ():
        if isinstance(token, ScalarToken) and token.plain and AMBIGUOUS.fullmatch(token.value):
            raise SettingsError(
                f"{path}, line {token.start_mark.line + 1}: {token.value} differs between YAML 1.1 and 1.2: "
                "expected a decimal number without a leading 0, true or false, or text in quotes"
            )
    return YAML(typ="safe", pure=True).load(text)
