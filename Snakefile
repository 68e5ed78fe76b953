import gc
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.27")
# also where this file is a module of another workflow
CHECKOUT = Path(str(workflow.current_basedir))
if set("{}") & {*str(CHECKOUT), *str(Path.cwd())}:
    raise WorkflowError(
        f"{CHECKOUT}: expected a folder without braces in its name, which Snakemake reads as wildcards"
    )
# jobs stay: to look for dead objects after every 700 new ones takes a tenth of a long plan's time
gc.set_threshold(100_000)
sys.path.insert(0, str(CHECKOUT))  # the packages are next to this file
DEFAULT = next(
    path for path in (Path("params.yaml"), CHECKOUT / "params.yaml") if path.is_file()
)

from pipeline.config.references import let_jobs_import
from pipeline.config.base import SettingsError
from pipeline.config.yaml_file import read_values
from pipeline.system.large_pages import let_jobs_use_large_pages

let_jobs_import(CHECKOUT)
let_jobs_use_large_pages()

try:
    # Snakemake does not say what is wrong, and where, and of two equal keys takes the last unseen
    for file in workflow.overwrite_configfiles or [DEFAULT]:
        read_values(Path(file))
except SettingsError as error:
    raise WorkflowError(str(error)) from None

# --configfile takes the place of params.yaml: merged, the default's experiments would run too
if not (workflow.overwrite_configfiles or config):

    configfile: DEFAULT


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/measure.smk"
include: "workflow/rules/theory.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        declared(lambda stage: stage.subject in FOR_READERS),  # tables, figures, the report, and what they read
    localrule: True


rule prepared:
    input:
        declared(lambda stage: stage.name in ("prepare", "subset")),
    localrule: True


rule trained:
    input:
        declared(lambda stage: stage.name == "twins"),
    localrule: True
