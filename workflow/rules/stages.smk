# Every stage is a rule: its files, job and device follow from its declaration in pipeline/jobs/declared.py, and its
# command is the one a person types. What jobs say goes to the terminal too, also after Ctrl-C (tee -i), which a terminal
# sends to every process: a run then says how far it came while it keeps its state. A scheduler's SIGTERM reaches all of
# them too: the shell outlives it (trap), since what its job leaves behind is killed, and so does tee.
for stage in STAGES.values():

    rule:
        name:
            stage.name
        input:
            inputs(stage),
        output:
            outputs(stage),
        log:
            LAYOUT.beside("logs", stage, "{subject}" if stage.subject else "", ".log"),
        benchmark:
            LAYOUT.beside(
                "benchmarks", stage, "{subject}" if stage.subject else "", ".tsv"
            )
        wildcard_constraints:
            subject=SUBJECT_PATTERNS.get(stage.subject, ".*"),
        priority: 0 if stage.lasts else 1  # what reads a run follows it directly: whatever interrupts, whole runs are done
        conda:
            "../envs/pipeline.yaml"
        threads: threads(stage)
        resources:
            gpu=GPUS if stage.computes else 0,
            mem_mb=claim(stage, "memory"),
            runtime=claim(stage, "minutes"),
        params:
            job=job(stage),
            command=f"python -m pipeline {stage.name}",
            subject=quoted_subject(stage),
            settings=SETTINGS_FILE,
        shell:
            "trap : TERM; "
            "TWIN_ALIGNMENT_GPUS={resources.gpu} "
            "{params.command} {params.subject} --params {params.settings:q} --threads {threads} 2>&1 "
            "| (trap '' TERM; exec tee -i {log:q}) >&2"
