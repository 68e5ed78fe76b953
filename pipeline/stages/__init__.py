"""One module a stage: read the files of the stages before, call the science, write files and a record.

Each has a `run(job, layout)`, or `run(job, layout, device)` where it computes with torch.
"""
