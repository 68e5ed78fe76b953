"""Encoders by name: a file each, whose `build(settings, channels, size)` gives a module of images to features h.

An encoder of one's own lies beside the settings: `encoder: "mine.py:build"`.
"""

from pipeline.config.base import SettingsError
from pipeline.config.references import check, literals, names_in, source_of
from pipeline.config.training_settings import TrainingSettings
from pipeline.models.patches import check_patches


def reference(encoder: str) -> str:
    """`module:function` of an encoder's name."""
    return encoder if ":" in encoder else f"pipeline.models.encoders.{encoder}:build"


def module_of(encoder: str) -> str:
    """Module of an encoder's name, or its file."""
    return reference(encoder).rpartition(":")[0]


def check_encoder(encoder: str, where: str) -> None:
    """Raises SettingsError for an encoder that is not there; its name stands in folder names, hence no `/`."""
    if ":" in encoder and "/" not in encoder and "," not in encoder:
        check(encoder, where)
    elif encoder not in (known := names_in("pipeline/models/encoders")):
        allowed = ", ".join(known)
        raise SettingsError(f"{where}: encoder = {encoder!r}: allowed is one of {allowed}, or FILE.py:FUNCTION here")


def check_size(settings: TrainingSettings, size: tuple[int, int]) -> None:
    """That a transformer can cut views of a size, by the constants COLUMNS, HEADS and PATCHES of its file; raises
    SettingsError."""
    path = source_of(reference(settings.encoder).rpartition(":")[0])
    known = literals(path) if path is not None else {}
    if {"COLUMNS", "HEADS", "PATCHES"} <= known.keys():
        check_patches(settings, known["COLUMNS"] * settings.width, known["HEADS"], known["PATCHES"], size)
