"""Two files of features of the same inputs, compared: the alignment measures as a tool of their own."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file
from tabulate import tabulate
from torch import Tensor

from pipeline.alignment.collapse import cdnv, directional_cdnv
from pipeline.alignment.geometry import mutual_knn, procrustes
from pipeline.alignment.intervals import Estimate, Pair, Prepared
from pipeline.alignment.measures import MEASURES
from pipeline.settings.base import SettingsError

NEIGHBOURS = 10


@dataclass(frozen=True)
class FileComparison:
    """All that is said of two files; collapse of both only where labels were given."""

    rows: int
    dimensions: tuple[int, int]
    measures: dict[str, Estimate]  # those of tables, by name
    procrustes: float
    mutual_knn: float
    neighbours: int
    cdnv: tuple[float, float] | None
    directional_cdnv: tuple[float, float] | None


def load_array(source: str) -> np.ndarray:
    """The array of a `.npy`, `.npz`, `.safetensors` or `.csv` file, or of `FILE:NAME` where a file holds several.

    A .csv file has one row of numbers a line, with or without a header line. Raises SettingsError in one sentence.
    """
    path, name = _split(source)
    if not path.is_file():
        raise SettingsError(f"{path}: no such file")
    try:
        match path.suffix:
            case ".npy":
                array = np.load(path, allow_pickle=False)
            case ".npz":
                with np.load(path, allow_pickle=False) as arrays:
                    array = arrays[_chosen(path, name, list(arrays.files))]
            case ".safetensors":
                tensors = load_file(path)
                array = tensors[_chosen(path, name, list(tensors))]
            case ".csv":
                array = _read_csv(path)
            case _:
                raise SettingsError(f"{path}: allowed is a .npy, .npz, .safetensors or .csv file")
    except SettingsError:
        raise
    except (ValueError, EOFError, OSError, KeyError, SafetensorError) as error:
        pickled = " (pickled objects are not read, as they can run any code)" if "pickle" in str(error) else ""
        raise SettingsError(f"{path}: not a readable {path.suffix} array{pickled}: {error}") from None
    if not (np.issubdtype(array.dtype, np.number) or array.dtype == bool) or np.iscomplexobj(array):
        raise SettingsError(f"{source}: holds {array.dtype}, allowed is real numbers")
    return np.asarray(array)


def _split(source: str) -> tuple[Path, str | None]:
    path, colon, name = source.rpartition(":")
    return (Path(path), name) if colon and Path(path).suffix in (".npz", ".safetensors") else (Path(source), None)


def _chosen(path: Path, name: str | None, names: list[str]) -> str:
    if name is None and len(names) == 1:
        return names[0]
    if name in names:
        return str(name)
    listed = ", ".join(sorted(names)) or "none"
    wanted = f"no array {name!r}" if name else f"{len(names)} arrays"
    raise SettingsError(f"{path}: {wanted}; name one as {path}:NAME, it has: {listed}")


def _read_csv(path: Path) -> np.ndarray:
    """The first line is a header if any of its cells is not a number."""
    try:
        first = pd.read_csv(path, header=None, nrows=1, dtype=str).iloc[0]
    except pd.errors.EmptyDataError:
        raise SettingsError(f"{path}: the file is empty") from None
    header = 0 if pd.to_numeric(first, errors="coerce").isna().any() else None
    try:
        table = pd.read_csv(path, header=header)
    except pd.errors.ParserError as error:
        raise SettingsError(f"{path}: rows of different lengths: {str(error).strip()}") from None
    words = [str(name) for name, column in table.items() if not pd.api.types.is_numeric_dtype(column)]
    if words:
        raise SettingsError(f"{path}: column {words[0]} is not numeric, allowed is numbers alone")
    return table.to_numpy()


def load_features(source: str) -> Tensor:
    """Features [N, d], N of at least 5; raises SettingsError in one sentence."""
    array = load_array(source)
    if array.ndim != 2 or array.size == 0:
        raise SettingsError(f"{source}: shape {array.shape}, allowed is [rows, dimensions] with at least one of each")
    if array.dtype.kind == "f" and array.dtype.itemsize <= 8:  # as it is: large files are not copied
        return torch.from_numpy(np.ascontiguousarray(array))
    return torch.from_numpy(array.astype(np.float64))


def load_labels(source: str, rows: int) -> Tensor:
    """Class labels [N] as integers."""
    array = load_array(source)
    array = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
    if array.shape != (rows,):
        raise SettingsError(f"{source}: shape {array.shape}, allowed is one label for each of the {rows} rows")
    if not (np.isfinite(array) & (array == np.floor(array))).all():
        raise SettingsError(f"{source}: labels are not whole numbers")
    return torch.from_numpy(array.astype(np.int64))


def compare_files(first: str, second: str, labels: str | None = None) -> FileComparison:
    """Everything about two files of features with rows in the same order; raises SettingsError in one sentence."""
    a, b = load_features(first), load_features(second)
    if len(a) != len(b):
        raise SettingsError(f"{first} has {len(a)} rows and {second} has {len(b)}: the same inputs are compared")
    classes = None if labels is None else load_labels(labels, len(a))
    try:
        pair = Pair(Prepared(a, first), Prepared(b, second))
        measures = {name: measure(pair) for name, measure in MEASURES.items() if measure.table}
        directed = plain = None
        if classes is not None:
            plain = cdnv(a, classes), cdnv(b, classes)
            directed = directional_cdnv(a, classes), directional_cdnv(b, classes)
        neighbours = min(NEIGHBOURS, len(a) - 1)
        return FileComparison(
            rows=len(a),
            dimensions=(a.shape[1], b.shape[1]),
            measures=measures,
            procrustes=procrustes(a, b),
            mutual_knn=mutual_knn(a, b, neighbours),
            neighbours=neighbours,
            cdnv=plain,
            directional_cdnv=directed,
        )
    except ValueError as error:
        raise SettingsError(str(error)) from None


def as_json(found: FileComparison) -> dict[str, Any]:
    """Plain values; a measure `m` has `m`, `m_low`, `m_high`, `m_null` and `m_null_sd`."""
    values: dict[str, Any] = {"rows": found.rows, "dimensions": list(found.dimensions)}
    for name, estimate in found.measures.items():
        parts = asdict(estimate)
        values[name] = parts.pop("value")
        values.update({f"{name}_{part}": value for part, value in parts.items()})
    values.update(procrustes=found.procrustes, mutual_knn=found.mutual_knn, neighbours=found.neighbours)
    for name in ("cdnv", "directional_cdnv"):
        pair = getattr(found, name)
        if pair is not None:
            values[name] = list(pair)
    return values


def as_text(found: FileComparison) -> str:
    """For a reader: a table of measures, then what was assumed."""
    rows = [
        [
            MEASURES[name].long_label,
            f"{e.value:.4f}",
            f"[{e.low:.4f}, {e.high:.4f}]",
            f"{e.null:.4f} ± {e.null_sd:.4f}",
            f"{(e.value - e.null) / e.null_sd:.0f}" if e.null_sd > 0 else "–",
        ]
        for name, e in found.measures.items()
    ]
    header = ["measure", "value", "95 % interval", "unrelated rows", "s.d. above"]
    more = [
        ["Procrustes similarity, raw features", f"{found.procrustes:.4f}"],
        [f"shared {found.neighbours} nearest neighbours, cosine", f"{found.mutual_knn:.4f}"],
        ["  of unrelated rows", f"{found.neighbours / (found.rows - 1):.4f}"],
        ["angle of similarity structures (arccos CKA)", f"{math.degrees(math.acos(found.measures['cka'].value)):.1f}°"],
    ]
    for name, label in (("cdnv", "CDNV"), ("directional_cdnv", "directional CDNV")):
        pair = getattr(found, name)
        if pair is not None:
            more.append([f"{label}, first and second file", f"{pair[0]:.4g}, {pair[1]:.4g}"])
    first, second = found.dimensions
    return "\n".join(
        [
            tabulate(rows, header, disable_numparse=True),
            "",
            tabulate(more, tablefmt="plain", disable_numparse=True),
            "",
            f"{found.rows} rows, taken to be the same inputs in the same order; {first} and {second} dimensions.",
            "Cosine measures divide each row by its length and do not move the origin; raw features are centred alone.",
            "Intervals: jackknife over rows. Unrelated rows: mean and standard deviation over all orders of one file.",
        ]
    )
