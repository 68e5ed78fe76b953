"""Encoders by name: a file each, whose `build(settings, channels, size)` returns a module from images to features h.

For arrays, `channels` is the first axis of a row and `size` the others, so that for rows [F] it is ().

A custom encoder is a file next to the settings: `encoder: "mine.py:build"`. Networks of timm are `timm:NAME`.
"""

from pipeline.config.base import SettingsError
from pipeline.config.references import check, is_own, literals, names_in, source_of
from pipeline.config.training_settings import TrainingSettings
from pipeline.models import timm_encoder
from pipeline.models.patches import check_patches
from pipeline.models.timm_encoder import PREFIX


def reference(encoder: str) -> str:
    """Return `module:function` of an encoder."""
    if encoder.startswith(PREFIX):
        return f"{timm_encoder.__name__}:build"
    return encoder if ":" in encoder else f"pipeline.models.encoders.{encoder}:build"


def module_of(encoder: str) -> str:
    """Module of an encoder's name, or its file."""
    return reference(encoder).rpartition(":")[0]


def check_encoder(settings: TrainingSettings, where: str) -> None:
    """Raise SettingsError for a missing encoder; its name is part of those of runs, hence no `,`."""
    encoder = settings.encoder
    if encoder.startswith(PREFIX):
        timm_encoder.check_timm(settings, where)
    elif ":" in encoder and "," not in encoder:
        check(encoder, where)
    elif encoder not in (names := names_in("pipeline/models/encoders")):
        expected = f"expected one of {', '.join(names)}, timm:NAME, or FILE.py:FUNCTION without a comma"
        raise SettingsError(f"{where}: encoder: {expected}, got {encoder!r}")


def check_size(settings: TrainingSettings, size: tuple[int, ...]) -> None:
    """Raise SettingsError if an encoder cannot read rows whose axes after the first are `size`.

    Built-in encoders read images, whose size is (height, width), unless their file has the constant ANY_SHAPE.
    Transformers have the constants COLUMNS, HEADS and PATCHES, and cut square images.
    """
    path = source_of(module_of(settings.encoder))
    facts = literals(path) if path is not None else {}
    if len(size) != 2 and not is_own(settings.encoder) and not facts.get("ANY_SHAPE"):
        raise SettingsError(
            f"encoder: {settings.encoder} reads images [channels, height, width], and the data has rows with "
            f"{1 + len(size)} ax{'e' if size else 'i'}s: expected mlp or FILE.py:FUNCTION"
        )
    if {"COLUMNS", "HEADS", "PATCHES"} <= facts.keys():
        check_patches(settings, facts["COLUMNS"] * settings.width, facts["HEADS"], facts["PATCHES"], size)
