"""Write the leaf outlines OSULeaf, as the package aeon carries them, to downloads/time_series.npz: [442, 1, 427]."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np

folder = Path(find_spec("aeon").submodule_search_locations[0], "datasets", "data", "OSULeaf")
lines = [
    line
    for split in ("TRAIN", "TEST")
    for line in (folder / f"OSULeaf_{split}.ts").read_text().partition("@data")[2].split()
]
X = np.array([np.array(line.split(":")[0].split(","), np.float32) for line in lines])[:, None]
Path("downloads").mkdir(exist_ok=True)
np.savez("downloads/time_series.npz", X=X, y=[int(line.split(":")[1]) for line in lines])
