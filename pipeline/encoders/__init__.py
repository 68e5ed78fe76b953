"""Encoders by name: a file each, whose `build(settings, channels, size)` gives a module of images to features h.

An encoder of one's own lies beside the settings: `encoder: "mine.py:build"`.
"""

from pipeline.references import check, names_in
from pipeline.settings.base import SettingsError


def reference(encoder: str) -> str:
    """`module:function` of an encoder's name."""
    return encoder if ":" in encoder else f"pipeline.encoders.{encoder}:build"


def check_encoder(encoder: str, where: str) -> None:
    """Raises SettingsError for an encoder that is not there; its name stands in folder names, hence no `/`."""
    if ":" in encoder and "/" not in encoder and "," not in encoder:
        check(encoder, where)
    elif encoder not in (known := names_in("pipeline/encoders")):
        allowed = ", ".join(known)
        raise SettingsError(f"{where}: encoder = {encoder!r}: allowed is one of {allowed}, or FILE.py:FUNCTION here")
