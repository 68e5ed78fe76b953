rule prepare:
    output:
        LAYOUT.manifest("{dataset}"),
        LAYOUT.data_record("{dataset}"),
        [
            LAYOUT.data("{dataset}") / f"{split}_{part}.npy"
            for split in ("train", "test")
            for part in ("images", "labels")
        ],
    log:
        LAYOUT.log("prepare", "{dataset}"),
    benchmark:
        LAYOUT.benchmark("prepare", "{dataset}")
    conda:
        "../envs/pipeline.yaml"
    params:
        job=lambda wildcards: jobs.prepare_job(
            PLAN, wildcards.dataset
        ).model_dump_json(),
        code=code_hash("prepare"),
        folders=FOLDERS,
    shell:
        "python -m pipeline prepare {wildcards.dataset:q} --job {params.job:q} {params.folders} 2> {log:q}"


rule subset:
    input:
        LAYOUT.manifest("{dataset}"),
    output:
        LAYOUT.subset("{dataset}", "{classes}", "{seed}"),
    log:
        LAYOUT.log("subset", "{dataset}/classes={classes},seed={seed}"),
    benchmark:
        LAYOUT.benchmark("subset", "{dataset}/classes={classes},seed={seed}")
    conda:
        "../envs/pipeline.yaml"
    params:
        code=code_hash("subset"),
        folders=FOLDERS,
    shell:
        "python -m pipeline subset {wildcards.dataset:q} --classes {wildcards.classes} --seed {wildcards.seed} "
        "{params.folders} 2> {log:q}"
