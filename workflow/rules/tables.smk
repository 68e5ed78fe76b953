TABLE_RUNS = [run.name for run in PLAN.experiments["table1"]]


rule table1:
    input:
        [LAYOUT.probes(run) for run in TABLE_RUNS],
    output:
        LAYOUT.reports / "table1.csv",
        LAYOUT.reports / "table1.md",
        LAYOUT.reports / "table1.provenance.json",
    log:
        LAYOUT.log("table1", "table1"),
    benchmark:
        LAYOUT.benchmark("table1", "table1")
    conda:
        "../envs/pipeline.yaml"
    params:
        job=jobs.table1_job(PLAN).model_dump_json(),
        code=code_hash("table1"),
        folders=FOLDERS,
    shell:
        "python -m pipeline table1 --job {params.job:q} {params.folders} 2> {log:q}"


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


rule table2:
    input:
        [LAYOUT.measures(run, "alignment") for run in TABLE_RUNS],
    output:
        LAYOUT.reports / "table2.csv",
        LAYOUT.reports / "table2.md",
    log:
        LAYOUT.log("table2", "table2"),
    benchmark:
        LAYOUT.benchmark("table2", "table2")
    conda:
        "../envs/pipeline.yaml"
    params:
        job=jobs.table2_job(PLAN).model_dump_json(),
        code=code_hash("table2"),
        folders=FOLDERS,
    shell:
        "python -m pipeline table2 --job {params.job:q} {params.folders} 2> {log:q}"
