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


rule align:
    input:
        LAYOUT.features_record("{run}"),
    output:
        LAYOUT.alignment("{run}"),
        LAYOUT.alignment_record("{run}"),
    log:
        LAYOUT.log("align", "{run}"),
    benchmark:
        LAYOUT.benchmark("align", "{run}")
    conda:
        "../envs/pipeline.yaml"
    resources:
        gpu=GPUS,
    params:
        job=job_of(jobs.align_job),
        code=code_hash("align"),
        folders=FOLDERS,
    shell:
        "python -m pipeline align {wildcards.run:q} --job {params.job:q} --threads {threads} {params.folders} 2> {log:q}"
