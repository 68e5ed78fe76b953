"""Processes that the workflow starts keep the memory that they free."""

import os
import subprocess
import sys

from pipeline.system.large_pages import let_jobs_use_large_pages

FAULTS = """
import resource
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    bytearray(2**25)[:: 2**12] = bytes(2**13)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults() -> int:
    return int(subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, check=True).stdout)


def test_a_job_takes_the_same_memory_again_without_a_page_fault_each_time(monkeypatch):
    monkeypatch.setenv("GLIBC_TUNABLES", "")  # so that it is as before after the test
    monkeypatch.delenv("GLIBC_TUNABLES")
    as_it_is = page_faults()
    let_jobs_use_large_pages()
    assert page_faults() < as_it_is / 5


def test_what_the_user_has_tuned_stays(monkeypatch):
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.arena_max=1")
    let_jobs_use_large_pages()
    assert os.environ["GLIBC_TUNABLES"] == "glibc.malloc.arena_max=1"
