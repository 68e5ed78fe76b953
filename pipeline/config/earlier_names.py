"""Earlier names in published evidence, read as today's.

Evidence keeps its bytes, and with them the names of its commit. Whoever reads it here sees today's names, and those of
today stay as they are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

MANIFEST = "MANIFEST.json"  # in every folder of evidence
OBJECTIVES = {
    "cl_replica": "cl_independent",
    "cl_nudged": "cl_perturbed",
    **{f"nscl_{percent}": f"nscl_partial_{percent}" for percent in (25, 50, 75)},
    **{f"nscl_shuffled_{percent}": f"nscl_shuffled_partial_{percent}" for percent in (25, 50, 75)},
}
SETTINGS = {
    "trust": "trust_coefficient",
    "clip": "max_grad_norm",
    "keep": "checkpoint_retention",
    "late": "late_path_length",
    "failure": "delta",
}
OF_RUNS = ("trust", "clip")  # settings that stand in names of runs
EXPERIMENTS = {"dose": "label_fraction"}  # and the figures of these names
CLAIMS = {  # with or without the measure behind them, as in dose_rsa
    "dose_of_labels": "label_fraction_less_shuffled",
    "dose": "label_fraction",
    "weights_turn_more_replica": "weights_turn_more_independent",
}

_WORDS = OBJECTIVES | {name: CLAIMS[name] for name in CLAIMS if name not in EXPERIMENTS}
_WORD = re.compile(rf"(?<![A-Za-z0-9_])({'|'.join(sorted(_WORDS, key=len, reverse=True))})(?![A-Za-z0-9])")
_OF_RUN = re.compile(rf"(?<![A-Za-z0-9_])({'|'.join(OF_RUNS)})(?= ?= ?)")
_WHOLE = re.compile(rf"({'|'.join(EXPERIMENTS)})(?=_[a-z]+$|$)")  # a word of English within a sentence


def current_text(text: str) -> str:
    """Replace earlier names within a text: a name of a run, a network's file or tensor, a cell of a table."""
    text = _WORD.sub(lambda match: _WORDS[match[1]], text)
    text = _OF_RUN.sub(lambda match: SETTINGS[match[1]], text)
    return _WHOLE.sub(lambda match: CLAIMS[match[1]], text) if _WHOLE.match(text) else text


def current_table(table: pd.DataFrame) -> pd.DataFrame:
    """Replace earlier names in the columns and text cells of a table."""
    renamed = table.rename(columns=OBJECTIVES | SETTINGS)
    for title, column in renamed.select_dtypes(exclude="number").items():
        names = {value: current_text(value) for value in column.unique() if isinstance(value, str)}
        renamed[title] = column.replace({value: name for value, name in names.items() if value != name})
    return renamed


def current_settings(values: Any) -> Any:
    """Replace earlier names in the plain values of a settings file."""
    if not isinstance(values, dict):
        return values
    renamed = {SETTINGS.get(key, key): _current_values(value) for key, value in values.items()}
    if "datasets" in values:  # no setting in it had another name, and those of custom views are the user's own
        renamed["datasets"] = values["datasets"]
    for block, names in (("experiments", EXPERIMENTS), ("claims", CLAIMS)):
        if isinstance(named := values.get(block), dict):  # keys are names of the user's own, not of settings
            renamed[block] = {names.get(name, name): _current_values(value) for name, value in named.items()}
    return renamed


def _current_values(value: Any) -> Any:
    if isinstance(value, dict):
        return {SETTINGS.get(key, key): _current_values(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_current_values(inner) for inner in value]
    return OBJECTIVES.get(value, value) if isinstance(value, str) else value
