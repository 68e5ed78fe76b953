"""The stages: a file each, with its job, how the job follows from the plan, what it reads and writes, and `run`."""
