rule twins:
    input:
        manifest_path,
        subset_path,
    output:
        LAYOUT.checkpoints_record("{run}"),
    log:
        LAYOUT.log("twins", "{run}"),
    benchmark:
        LAYOUT.benchmark("twins", "{run}")
    conda:
        "../envs/pipeline.yaml"
    resources:
        gpu=GPUS,
    params:
        job=job_of(jobs.twins_job),
        code=code_hash("twins"),
        folders=FOLDERS,
    shell:
        "python -m pipeline twins {wildcards.run:q} --job {params.job:q} --threads {threads} {params.folders} 2> {log:q}"


rule embed:
    input:
        LAYOUT.checkpoints_record("{run}"),
    output:
        LAYOUT.features_record("{run}"),
    log:
        LAYOUT.log("embed", "{run}"),
    benchmark:
        LAYOUT.benchmark("embed", "{run}")
    conda:
        "../envs/pipeline.yaml"
    resources:
        gpu=GPUS,
    params:
        job=job_of(jobs.embed_job),
        code=code_hash("embed"),
        folders=FOLDERS,
    shell:
        "python -m pipeline embed {wildcards.run:q} --job {params.job:q} --threads {threads} {params.folders} 2> {log:q}"
