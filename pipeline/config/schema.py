"""JSON schema of the settings, with the built-in names, for editors."""

from typing import Any

from pipeline.config.objectives import OBJECTIVES
from pipeline.config.params import Params
from pipeline.config.references import names_in

_TIMM = {"type": "string", "pattern": "^timm:"}
_CUSTOM = {"type": "string", "pattern": r"\.py:"}


def schema() -> dict[str, Any]:
    """Return the schema of Params; descriptions are the docstrings of attributes."""
    root = Params.model_json_schema()
    parts = root["$defs"]
    encoder = parts["TrainingSettings"]["properties"]["encoder"]
    encoder["anyOf"] = [{"enum": names_in("pipeline/models/encoders")}, _TIMM, _CUSTOM]
    parts["Experiment"]["properties"]["objectives"]["items"] = {
        "anyOf": [{"enum": list(OBJECTIVES)}, _CUSTOM, {"$ref": "#/$defs/GroupedObjective"}]
    }
    parts["DatasetSpec"]["properties"]["source"]["enum"] = names_in("pipeline/datasets/sources")
    return root
