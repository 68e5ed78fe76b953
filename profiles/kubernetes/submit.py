"""`submit.py RULE THREADS MEBIBYTES MINUTES CARDS SCRIPT`: ask the cluster to run a script of Snakemake's, which lies
on the shared folder; prints the job's name."""

import json
import os
import subprocess
import sys
from pathlib import Path
from string import Template

rule, threads, memory, minutes, cards, script = sys.argv[1:]
texts = {"script": script, "folder": str(Path.cwd()), "path": os.environ["PATH"]}
job = Template(Path(__file__).with_name("job.yaml").read_text(encoding="utf-8")).substitute(
    rule=rule.replace("_", "-"),
    threads=int(threads),
    memory=int(memory),
    seconds=int(minutes) * 60,
    cards=int(cards),
    **{name: json.dumps(text, ensure_ascii=False) for name, text in texts.items()},
)
command = ["kubectl", "create", "--filename", "-", "--output", "name"]
asked = subprocess.run(command, input=job, encoding="utf-8", check=False)
sys.exit(asked.returncode)
