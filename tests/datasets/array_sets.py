"""Small files of arrays made on the spot."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import save_file

from pipeline.config.dataset_settings import SourceSettings


def table(rows=24, shape=(5,), seed=0):
    """X [rows, *shape] and y [rows] of three classes, each around its own mean."""
    random = np.random.default_rng(seed)
    y = np.arange(rows) % 3
    return random.normal(size=(rows, *shape)) + 3 * y.reshape(-1, *[1] * len(shape)), y


def spec_of(*paths, **settings):
    return SourceSettings(source="arrays", paths=tuple(map(str, paths)), **settings)


def write(path, **arrays):
    """Write named arrays by the file's ending; of Parquet X and y."""
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    elif path.suffix == ".safetensors":
        save_file({name: np.ascontiguousarray(values) for name, values in arrays.items()}, path)
    else:
        x, label = arrays["X"], arrays.get("label", "y")
        columns = {f"column {number}": pa.array(column) for number, column in enumerate(x.T)}
        middle = {**dict(list(columns.items())[:2]), label: pa.array(arrays["y"].tolist())}  # wherever the labels are
        pq.write_table(pa.table({**middle, **columns}), path)
    return path
