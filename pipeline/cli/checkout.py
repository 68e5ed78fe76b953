"""The folder of the checkout, where some commands have to be given."""

from pathlib import Path

from pipeline.config.base import SettingsError
from pipeline.config.references import PROJECT


def require_checkout(command: str) -> None:
    """Raises SettingsError where the current folder is not the checkout's."""
    if not Path.cwd().samefile(PROJECT):
        raise SettingsError(f"{command}: expected to be run in {PROJECT}, the folder of the checkout, got {Path.cwd()}")
