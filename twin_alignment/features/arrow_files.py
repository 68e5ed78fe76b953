"""Tables of Parquet, Feather and Arrow files."""

from pathlib import Path
from typing import Any

from twin_alignment.errors import InputError
from twin_alignment.features.optional_module import optional_module

ARROW = (".parquet", ".feather", ".arrow")


def read_arrow(path: Path) -> Any:
    """Return the table of a file as pyarrow's.

    Args:
        path: a .parquet; a .feather of version 1 or 2; an .arrow, of Arrow's format for files or for streams.

    Raises:
        InputError: pyarrow is not installed, or the file is damaged or has another format.
    """
    pyarrow = optional_module("pyarrow", "tables", path)
    try:
        table = _read(path)
        table.validate(full=True)  # offsets of a damaged file lead anywhere
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: not a readable {path.suffix.lower()} table: {reason}") from None
    return table


def _read(path: Path) -> Any:
    if path.suffix.lower() == ".parquet":
        return optional_module("pyarrow.parquet", "tables", path).ParquetFile(path).read()
    if path.suffix.lower() == ".feather":
        return optional_module("pyarrow.feather", "tables", path).read_table(path, memory_map=False)
    ipc = optional_module("pyarrow.ipc", "tables", path)
    content = path.read_bytes()
    reader = ipc.open_file if content.startswith(b"ARROW1") else ipc.open_stream
    return reader(content).read_all()
