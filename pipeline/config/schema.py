"""The JSON schema of the settings, with the names that the project knows, for editors."""

from typing import Any

from pipeline.config.objectives import OBJECTIVES
from pipeline.config.params import Params
from pipeline.config.references import names_in

_OF_ONES_OWN = {"type": "string", "pattern": r"\.py:"}


def schema() -> dict[str, Any]:
    """Descriptions are the attributes' docstrings."""
    found = Params.model_json_schema()
    parts = found["$defs"]
    encoder = parts["TrainingSettings"]["properties"]["encoder"]
    encoder["anyOf"] = [{"enum": names_in("pipeline/models/encoders")}, _OF_ONES_OWN]
    parts["Experiment"]["properties"]["objectives"]["items"] = {
        "anyOf": [{"enum": list(OBJECTIVES)}, _OF_ONES_OWN, {"$ref": "#/$defs/GroupedObjective"}]
    }
    parts["DatasetSpec"]["properties"]["source"]["enum"] = names_in("pipeline/datasets/sources")
    return found
