"""Import torchvision with any build of torch: `from twin_alignment.torchvision_shim import torchvision`.

A torchvision wheel whose compiled operators do not fit the installed torch (the registry's wheel with a CPU-only torch,
for instance) fails on import, because it registers meta kernels for operators that nobody declared. Models, transforms
and datasets need none of these operators. Their schemas are declared first if the compiled library cannot be loaded.

torchvision also imports torch's compiler, which takes as long as torch itself, for a function that only its operator
`roi_align` calls. That function imports the compiler when it is called.
"""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

COMPILER = "torch._dynamo.utils"


def _operators_load() -> bool:
    """Return True if torchvision's compiled operators can be loaded into this torch."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("torchvision is not installed")
    for library in Path(spec.origin).parent.glob("_C*.so"):
        try:
            torch.ops.load_library(str(library))
        except OSError:
            return False
    return hasattr(torch.ops.torchvision, "nms")


if not _operators_load():
    _schemas = torch.library.Library("torchvision", "FRAGMENT")  # kept alive: the schemas go with it
    _schemas.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _schemas.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


def _is_compile_supported(device_type: str) -> Any:
    return importlib.import_module(COMPILER).is_compile_supported(device_type)


def _import_torchvision() -> Any:
    """Import torchvision with a placeholder for torch's compiler, unless that is imported already."""
    if COMPILER in sys.modules:
        return importlib.import_module("torchvision")
    placeholder: Any = ModuleType(COMPILER)
    placeholder.is_compile_supported = _is_compile_supported
    sys.modules[COMPILER] = placeholder
    try:
        return importlib.import_module("torchvision")
    finally:
        del sys.modules[COMPILER]


torchvision = _import_torchvision()
