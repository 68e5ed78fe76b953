# From source images to class subsets.
# Every stage has a rule of this form: its file in pipeline/stages/ has job, inputs and outputs, its command is the one that
# a person types. What a job prints goes to the terminal and to its log, also after Ctrl-C (tee -i), which a terminal sends
# to every process: a run then says how far it came while it saves its state. A scheduler's SIGTERM reaches all processes:
# the shell outlives it (trap), since the scheduler kills what its job leaves behind, and so does tee.
rule prepare:
    """the images of a dataset as an array store"""
    input:
        reads("prepare"),
    output:
        writes("prepare"),
    log:
        log_of("prepare"),
    priority: 1  # what reads a run follows it directly: whatever interrupts, whole runs are done
    conda:
        "../envs/pipeline.yaml"
    threads: 1
    resources:
        **needs("prepare"),
    params:
        **job("prepare"),
        settings=SETTINGS_FILE,
    shell:
        "trap : TERM; TWIN_ALIGNMENT_GPUS={resources.gpu} "
        "{params.command} {params.subject} --params {params.settings:q} --threads {threads} 2>&1 "
        "| (trap '' TERM; exec tee -i {log:q}) >&2"


use rule prepare as subset with:
    """draw the classes of a subset"""
    input:
        reads("subset"),
    output:
        writes("subset"),
    log:
        log_of("subset"),
    resources:
        **needs("subset"),
    params:
        **job("subset"),
