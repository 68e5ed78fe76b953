"""A real Slurm on this machine, with two GPUs that are none."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.workflow.conftest import finished, sources  # noqa: F401  (fixtures)

SCRIPT = Path(__file__).parent / "slurm.sh"


@pytest.fixture(scope="session")
def slurm():
    """Slurm's commands find the cluster by this environment."""
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))  # a socket's path is to be short
    started = subprocess.run([SCRIPT, "start", folder], capture_output=True, text=True, check=False)
    if started.returncode == 3:
        pytest.skip("Slurm is not installed, and can be by root with apt-get alone")
    assert started.returncode == 0, started.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
        patch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")
        yield folder
    subprocess.run([SCRIPT, "stop", folder], check=True)
    shutil.rmtree(folder, ignore_errors=True)
