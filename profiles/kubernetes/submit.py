"""`submit.py RULE THREADS MEBIBYTES MINUTES CARDS SCRIPT`: ask the cluster to run a script of Snakemake's, which lies
on the shared folder; prints the job's name."""

import json
import subprocess
import sys
from pathlib import Path
from string import Template

rule, threads, memory, minutes, cards, script = sys.argv[1:]
job = Template(Path(__file__).with_name("job.yaml").read_text(encoding="utf-8")).substitute(
    rule=rule.replace("_", "-"),
    threads=int(threads),
    memory=int(memory),
    seconds=int(minutes) * 60,
    cards=int(cards),
    script=json.dumps(script),
    folder=json.dumps(str(Path.cwd())),
)
asked = subprocess.run(["kubectl", "create", "--filename", "-", "--output", "name"], input=job, text=True, check=False)
sys.exit(asked.returncode)
