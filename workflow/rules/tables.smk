TABLE_RUNS = [run.name for run in PLAN.experiments["table1"]]
ALL_RUNS = [run.name for run in PLAN.requests]


rule table1:
    input:
        [LAYOUT.probes(run) for run in TABLE_RUNS],
    output:
        report(
            LAYOUT.reports / "table1.csv",
            caption="../report/table1.rst",
            category="Tables",
        ),
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


rule table2:
    input:
        [LAYOUT.measures(run, "alignment") for run in TABLE_RUNS],
    output:
        report(
            LAYOUT.reports / "table2.csv",
            caption="../report/table2.rst",
            category="Tables",
        ),
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


rule claims:
    input:
        [LAYOUT.measures(run, "alignment") for run in ALL_RUNS],
        [LAYOUT.probes(run) for run in jobs.probed(PLAN)],
        ceilings([run.name for run in PLAN.experiments.get("trajectory", ())]),
        [LAYOUT.reports / f"{table}.csv" for table in jobs.tables_of(PLAN)],
        LAYOUT.reports / "table1.csv",
        LAYOUT.reports / "table2.csv",
    output:
        report(
            LAYOUT.reports / "claims.csv",
            caption="../report/claims.rst",
            category="Claims",
        ),
        LAYOUT.reports / "metrics.json",
        [
            LAYOUT.plot(dataset)
            for dataset in {
                run.dataset for run in PLAN.experiments.get("trajectory", ())
            }
        ],
    log:
        LAYOUT.log("claims", "claims"),
    benchmark:
        LAYOUT.benchmark("claims", "claims")
    conda:
        "../envs/pipeline.yaml"
    params:
        job=jobs.claims_job(PLAN).model_dump_json(),
        code=code_hash("claims"),
        folders=FOLDERS,
    shell:
        "python -m pipeline claims --job {params.job:q} {params.folders} 2> {log:q}"
