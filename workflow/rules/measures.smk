rule probe:
    input:
        LAYOUT.features_record("{run}"),
    output:
        LAYOUT.probes("{run}"),
        LAYOUT.probes_record("{run}"),
    log:
        LAYOUT.log("probe", "{run}"),
    benchmark:
        LAYOUT.benchmark("probe", "{run}")
    conda:
        "../envs/pipeline.yaml"
    resources:
        gpu=GPUS,
    params:
        job=job_of(jobs.probe_job),
        code=code_hash("probe"),
        folders=FOLDERS,
    shell:
        "python -m pipeline probe {wildcards.run:q} --job {params.job:q} --threads {threads} {params.folders} 2> {log:q}"


rule alignment:
    input:
        LAYOUT.features_record("{run}"),
    output:
        [
            LAYOUT.measures("{run}", kind)
            for kind in ("alignment", "weights", "collapse")
        ],
        LAYOUT.alignment_record("{run}"),
    log:
        LAYOUT.log("alignment", "{run}"),
    benchmark:
        LAYOUT.benchmark("alignment", "{run}")
    conda:
        "../envs/pipeline.yaml"
    resources:
        gpu=GPUS,
    params:
        job=job_of(jobs.alignment_job),
        code=code_hash("alignment"),
        folders=FOLDERS,
    shell:
        "python -m pipeline alignment {wildcards.run:q} --job {params.job:q} --threads {threads} {params.folders} "
        "2> {log:q}"


rule ceiling:
    input:
        lambda wildcards: [
            LAYOUT.features_record(run)
            for run in jobs.ceiling_job(PLAN, wildcards.run).runs
        ],
    output:
        LAYOUT.ceiling("{run}"),
        LAYOUT.ceiling_record("{run}"),
    log:
        LAYOUT.log("ceiling", "{run}"),
    benchmark:
        LAYOUT.benchmark("ceiling", "{run}")
    conda:
        "../envs/pipeline.yaml"
    resources:
        gpu=GPUS,
    params:
        job=job_of(jobs.ceiling_job),
        code=code_hash("ceiling"),
        folders=FOLDERS,
    shell:
        "python -m pipeline ceiling {wildcards.run:q} --job {params.job:q} --threads {threads} {params.folders} "
        "2> {log:q}"
