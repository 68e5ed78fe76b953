"""The networks that evidence keeps: unpacked, compared with the manifest, and measured again."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from pipeline.config.base import SettingsError
from pipeline.config.earlier_names import current_table, current_text
from pipeline.evaluate.run_features import embedder
from pipeline.evidence.manifest import MEASURED_NETWORKS, NETWORKS, read_manifest
from pipeline.evidence.replay import images_of, run_task
from pipeline.system.files import digest_of_bytes, write_bytes
from pipeline.train.checkpoints import checkpoint_path
from twin_alignment.measures.feature_set import FeatureSet, Pair
from twin_alignment.measures.registry import MEASURES

COLUMNS = ["run", "first", "second", "measure"]


def unpack(folder: Path, target: Path) -> dict[str, list[str]]:
    """Write the kept networks as checkpoints below `target`, and return {run: objectives}.

    Raises:
        SettingsError: the evidence has none, or one does not match the manifest.
    """
    if not (folder / NETWORKS).is_file():
        raise SettingsError(f"{folder}: has no networks")
    manifest = read_manifest(folder)
    written: dict[str, list[str]] = {}
    for (run, objective), tensors in _tensors(folder / NETWORKS).items():
        job: Any = run_task(folder, run).job
        path, data = checkpoint_path(target, objective, job.run.epochs), save(tensors)
        if digest_of_bytes(data) != manifest.networks[run].checkpoints[path.name]:
            raise SettingsError(f"{folder / NETWORKS}: {objective} is not the network of the manifest")
        write_bytes(path, data)
        written.setdefault(run, []).append(objective)
    return written


def _tensors(file: Path) -> dict[tuple[str, str], dict[str, Tensor]]:
    networks: dict[tuple[str, str], dict[str, Tensor]] = {}
    with safe_open(file, framework="pt") as opened:
        for name in opened.keys():  # noqa: SIM118  (no mapping)
            run, objective, tensor = current_text(name).split("|")
            networks.setdefault((run, objective), {})[tensor] = opened.get_tensor(name)
    return networks


def measure(folder: Path, device: torch.device) -> pd.DataFrame:
    """Measure the kept networks on test images again.

    Returns:
        A row for each pair and measure: run, first, second, measure, value, and evidence (the published value).

    Raises:
        SettingsError: as `unpack`; images are missing or differ.
    """
    rows = []
    with tempfile.TemporaryDirectory() as place:
        for name, objectives in unpack(folder, Path(place)).items():
            task = run_task(folder, name)
            job: Any = task.job
            size = task.plan.dataset(job.run.dataset).views.size
            embedded = embedder(job.run, size, *images_of(folder, read_manifest(folder), task), device)
            features = {o: embedded.features(Path(place), o, job.run.epochs)["test"] for o in objectives}
            sides = {o: FeatureSet(rows, o) for o, rows in features.items()}
            for first, second in itertools.combinations(objectives, 2):
                pair = Pair(sides[first], sides[second])
                rows += [(name, first, second, label, take(pair).value) for label, take in MEASURES.items()]
    table = pd.DataFrame(rows, columns=[*COLUMNS, "value"])
    published = current_table(pd.read_csv(folder / MEASURED_NETWORKS)).rename(columns={"value": "evidence"})
    return table.merge(published, on=COLUMNS, how="left", validate="one_to_one")
