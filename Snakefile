import sys

from snakemake.utils import min_version

min_version("9.10")
sys.path.insert(0, workflow.basedir)  # the package `pipeline` lies beside this file


# --configfile takes the place of params.yaml: merged, the default's experiments would run too
if not workflow.overwrite_configfiles:

    configfile: "params.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/twins.smk"
include: "workflow/rules/measures.smk"
include: "workflow/rules/theory.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/figures.smk"


rule all:
    default_target: True
    input:
        rules.table1.output,
        rules.table2.output,
        [LAYOUT.reports / f"{table}.csv" for table in jobs.tables_of(PLAN)],
        rules.claims.output,
        rules.figures.input,
        rules.html.output,
    localrule: True


rule prepared:
    input:
        [LAYOUT.data_record(run.dataset) for run in PLAN.requests],
        [LAYOUT.subset(*jobs.subset_of(run)) for run in PLAN.requests],
    localrule: True


rule trained:
    input:
        [LAYOUT.checkpoints_record(run.name) for run in PLAN.requests],
    localrule: True
