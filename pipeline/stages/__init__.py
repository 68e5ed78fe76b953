"""One module a stage: read the files of the stages before, call the science, write files.

Each has a `run(job, inputs, outputs)`, or `run(job, inputs, outputs, device)` where it computes with torch; see
`pipeline.jobs.stage.Stage`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

Inputs = Mapping[str, Sequence[Path]]
Outputs = Mapping[str, Path]
