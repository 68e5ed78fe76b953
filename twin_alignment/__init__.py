"""Compare representations, and the losses and bounds of contrastive learning that they come from.

    import twin_alignment as ta

    ta.compare(a, b)["cka"]  # value, 95 % interval over rows, and chance level
    ta.compare_many({"cl": a, "nscl": b, "ce": c}).table
    ta.compare_models(first, second, loader).plot()  # all layers of two networks, in one pass over images
    ta.losses.negatives_only_supervised(z1, z2, labels, temperature=0.5)
    ta.theory.bound(classes=10, batch=1024, temperature=0.5, learning_rate=0.1, steps=100, delta=0.01)

Names are loaded when they are first used: the import itself takes no torch.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twin_alignment import losses, theory
    from twin_alignment.comparison.array_comparison import compare, compare_many
    from twin_alignment.comparison.file_comparison import compare_files
    from twin_alignment.comparison.result import Comparison
    from twin_alignment.errors import InputError
    from twin_alignment.features.feature_files import read_all_features, read_features, read_labels
    from twin_alignment.measures.canonical_correlation import mean_cca
    from twin_alignment.measures.cknna import cknna
    from twin_alignment.measures.feature_set import Estimate
    from twin_alignment.measures.geometry import procrustes, representation_angle
    from twin_alignment.measures.linear_predictivity import linear_predictivity
    from twin_alignment.measures.neighbours import mutual_knn
    from twin_alignment.measures.neural_collapse import cdnv, directional_cdnv
    from twin_alignment.measures.rbf_cka import rbf_cka
    from twin_alignment.measures.rounding import CollapseError
    from twin_alignment.measures.shape_distance import angular_shape_distance
    from twin_alignment.measures.similarity import Similarity
    from twin_alignment.measures.streaming import Accumulator
    from twin_alignment.measures.svcca import svcca
    from twin_alignment.measures.weight_distance import displacement, weight_angle, weight_gap
    from twin_alignment.models.extraction import extract
    from twin_alignment.models.model_comparison import ModelComparison
    from twin_alignment.models.two_models import compare_models

_NAMES = {
    "comparison.array_comparison": ("compare", "compare_many"),
    "comparison.file_comparison": ("compare_files",),
    "comparison.result": ("Comparison",),
    "errors": ("InputError",),
    "features.feature_files": ("read_all_features", "read_features", "read_labels"),
    "measures.canonical_correlation": ("mean_cca",),
    "measures.cknna": ("cknna",),
    "measures.feature_set": ("Estimate",),
    "measures.geometry": ("procrustes", "representation_angle"),
    "measures.linear_predictivity": ("linear_predictivity",),
    "measures.neighbours": ("mutual_knn",),
    "measures.neural_collapse": ("cdnv", "directional_cdnv"),
    "measures.rbf_cka": ("rbf_cka",),
    "measures.rounding": ("CollapseError",),
    "measures.shape_distance": ("angular_shape_distance",),
    "measures.similarity": ("Similarity",),
    "measures.streaming": ("Accumulator",),
    "measures.svcca": ("svcca",),
    "measures.weight_distance": ("displacement", "weight_angle", "weight_gap"),
    "models.extraction": ("extract",),
    "models.model_comparison": ("ModelComparison",),
    "models.two_models": ("compare_models",),
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names}

__all__ = [
    "Accumulator",
    "CollapseError",
    "Comparison",
    "Estimate",
    "InputError",
    "ModelComparison",
    "Similarity",
    "angular_shape_distance",
    "cdnv",
    "cknna",
    "compare",
    "compare_files",
    "compare_many",
    "compare_models",
    "directional_cdnv",
    "displacement",
    "extract",
    "linear_predictivity",
    "losses",
    "mean_cca",
    "mutual_knn",
    "procrustes",
    "rbf_cka",
    "read_all_features",
    "read_features",
    "read_labels",
    "representation_angle",
    "svcca",
    "theory",
    "weight_angle",
    "weight_gap",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used (PEP 562)."""
    if name in ("losses", "theory"):
        return importlib.import_module(f"twin_alignment.{name}")
    if name not in _MODULES:
        raise AttributeError(f"module 'twin_alignment' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"twin_alignment.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
