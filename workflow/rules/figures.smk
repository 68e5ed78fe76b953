rule figure:
    input:
        figure_inputs,
    output:
        [LAYOUT.figure("{figure}", suffix) for suffix in ("csv", "png", "pdf")],
    log:
        LAYOUT.log("figure", "{figure}"),
    benchmark:
        LAYOUT.benchmark("figure", "{figure}")
    conda:
        "../envs/pipeline.yaml"
    params:
        job=lambda wildcards: jobs.figure_job(PLAN, wildcards.figure).model_dump_json(),
        code=code_hash("figure"),
        folders=FOLDERS,
    shell:
        "python -m pipeline figure {wildcards.figure:q} --job {params.job:q} {params.folders} 2> {log:q}"


rule figures:
    input:
        [LAYOUT.figure(name, "png") for name in jobs.figures_of(PLAN)],
    localrule: True
