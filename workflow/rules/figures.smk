def figure_inputs(wildcards):
    """Measures of all runs that a figure shows."""
    names = jobs.figure_job(PLAN, wildcards.figure).runs
    files = []
    for kind in FIGURES[wildcards.figure].reads:
        if kind == "ceiling":
            settings = {
                runs.setting_of(runs.Run.from_name(name)).name for name in names
            }
            files += sorted(LAYOUT.ceiling(setting) for setting in settings)
        elif kind == "probes":
            files += [LAYOUT.probes(name) for name in names]
        else:
            files += [LAYOUT.measures(name, kind) for name in names]
    return files


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
