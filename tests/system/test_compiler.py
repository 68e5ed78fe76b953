"""torch's compiler, whose import takes as long as that of torch, is imported by nothing that does not compile."""

import subprocess
import sys

STAGES = """
import sys
import torch
from pipeline.config.probe_settings import ProbeSettings
from pipeline.config.run import Run
from pipeline.evaluate.probing import linear_probe
from pipeline.models.empty import empty_network
from pipeline.system.device import choose_device
from pipeline.train.lars import LARS

choose_device("cpu", 1)
network = empty_network(Run(dataset="digits", width=4, projection=8), 1, (8, 8)).to_empty(device="cpu")
optimiser = LARS(network.parameters(), lr=0.1)
optimiser.zero_grad()
optimiser.load_state_dict(optimiser.state_dict())
rows, labels = torch.randn(20, 3), torch.arange(20) % 2
linear_probe(rows, labels, rows, labels, ProbeSettings(max_iterations=2))
"""
OPERATOR = """
from twin_alignment.torchvision_shim import torchvision
boxes = [torch.tensor([[0.0, 0.0, 2.0, 2.0]])]
assert torchvision.ops.roi_align(torch.ones(1, 1, 4, 4), boxes, 2).flatten().tolist() == [1.0] * 4
assert torch.compile(torch.nn.Linear(2, 2), backend="eager")(torch.ones(1, 2)).shape == (1, 2)
"""


def run(code):
    subprocess.run([sys.executable, "-c", code], check=True)


def test_stages_do_without_the_compiler_and_it_is_there_for_what_compiles():
    run(f"{STAGES}assert 'torch._dynamo' not in sys.modules{OPERATOR}")


def test_torchvision_is_imported_after_the_compiler_too():
    run("import torch, torch._dynamo.utils" + OPERATOR)
