rule bounds:
    input:
        [LAYOUT.measures(run, "alignment") for run in jobs.bounds_job(PLAN).runs],
    output:
        LAYOUT.reports / "bounds.csv",
        LAYOUT.reports / "descent.csv",
    log:
        LAYOUT.log("bounds", "bounds"),
    benchmark:
        LAYOUT.benchmark("bounds", "bounds")
    conda:
        "../envs/pipeline.yaml"
    params:
        job=jobs.bounds_job(PLAN).model_dump_json(),
        code=code_hash("bounds"),
        folders=FOLDERS,
    shell:
        "python -m pipeline bounds --job {params.job:q} {params.folders} 2> {log:q}"


rule curvature:
    input:
        [LAYOUT.measures(run, "weights") for run in jobs.curvature_job(PLAN).runs],
    output:
        LAYOUT.reports / "curvature.csv",
        LAYOUT.reports / "surrogate.csv",
    log:
        LAYOUT.log("curvature", "curvature"),
    benchmark:
        LAYOUT.benchmark("curvature", "curvature")
    priority: 1  # a minute on one core: not last, when the other core would idle
    conda:
        "../envs/pipeline.yaml"
    resources:
        gpu=GPUS,
    params:
        job=jobs.curvature_job(PLAN).model_dump_json(),
        code=code_hash("curvature"),
        folders=FOLDERS,
    shell:
        "python -m pipeline curvature --job {params.job:q} --threads {threads} {params.folders} 2> {log:q}"


rule loss_gap:
    input:
        [LAYOUT.checkpoints_record(run) for run in jobs.loss_gap_job(PLAN).runs],
    output:
        LAYOUT.reports / "loss_gap.csv",
    log:
        LAYOUT.log("loss_gap", "loss_gap"),
    benchmark:
        LAYOUT.benchmark("loss_gap", "loss_gap")
    conda:
        "../envs/pipeline.yaml"
    resources:
        gpu=GPUS,
    params:
        job=jobs.loss_gap_job(PLAN).model_dump_json(),
        code=code_hash("loss_gap"),
        folders=FOLDERS,
    shell:
        "python -m pipeline loss_gap --job {params.job:q} --threads {threads} {params.folders} 2> {log:q}"


rule merging:
    input:
        [LAYOUT.checkpoints_record(run) for run in jobs.merging_job(PLAN).runs],
    output:
        LAYOUT.reports / "merging.csv",
    log:
        LAYOUT.log("merging", "merging"),
    benchmark:
        LAYOUT.benchmark("merging", "merging")
    conda:
        "../envs/pipeline.yaml"
    resources:
        gpu=GPUS,
    params:
        job=jobs.merging_job(PLAN).model_dump_json(),
        code=code_hash("merging"),
        folders=FOLDERS,
    shell:
        "python -m pipeline merging --job {params.job:q} --threads {threads} {params.folders} 2> {log:q}"
