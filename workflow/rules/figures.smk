rule figure:
    input:
        figure_inputs,
    output:
        LAYOUT.figure("{figure}", "csv"),
        report(
            LAYOUT.figure("{figure}", "png"),
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
        LAYOUT.figure("{figure}", "pdf"),
    log:
        LAYOUT.log("figure", "{figure}"),
    benchmark:
        LAYOUT.benchmark("figure", "{figure}")
    conda:
        "../envs/pipeline.yaml"
    params:
        job=lambda wildcards: jobs.figure_job(PLAN, wildcards.figure).model_dump_json(),
        code=code_hash("figure"),
        caption=lambda wildcards: FIGURES[wildcards.figure].caption,
        folders=FOLDERS,
    shell:
        "python -m pipeline figure {wildcards.figure:q} --job {params.job:q} {params.folders} 2> {log:q}"


rule figures:
    input:
        [LAYOUT.figure(name, "png") for name in jobs.figures_of(PLAN)],
    localrule: True


# not named report, which in Snakemake marks what `snakemake --report` shows
rule html:
    input:
        rules.figures.input,
        LAYOUT.reports / "table1.provenance.json",
        LAYOUT.reports / "table1.csv",
        LAYOUT.reports / "table2.csv",
        LAYOUT.reports / "claims.csv",
        "reports/report.py",
        "reports/page.html",
    output:
        report(LAYOUT.report, caption="../report/report.rst", category="Report"),
    log:
        LAYOUT.log("report", "report"),
        notebook=LAYOUT.report_notebook,
    benchmark:
        LAYOUT.benchmark("report", "report")
    conda:
        "../envs/pipeline.yaml"
    params:
        job=jobs.report_job(PLAN).model_dump_json(),
        code=code_hash("report"),
        folders=FOLDERS,
    shell:
        "python -m pipeline report --job {params.job:q} {params.folders} 2> {log[0]:q}"
