# Jobs on the machines of a cluster: what they ask for, and which job they are told to do.
from snakemake.dag import DAG

from pipeline.workflow import claims
from pipeline.workflow.targets import whole

# whether this process sends jobs to a cluster; what it starts there has its claim already
REMOTE = workflow.is_main_process and workflow.resource_settings.nodes is not None


def claim(stage, part):
    """Memory or minutes that a job asks a cluster for; on this machine it takes what there is."""

    def found(wildcards, threads, attempt):
        gpu = bool(workflow.get_rule(stage.name).resources["gpu"].value)
        return getattr(
            claims.claim(task(stage, wildcards), gpu, threads, attempt), part
        )

    return found if REMOTE else 0


if workflow.remote_exec:
    start = DAG.init

    async def init(dag, *arguments, **options):
        settings = dag.workflow.dag_settings
        settings.target_jobs = [
            target._replace(wildcards_dict=whole(target.wildcards_dict))
            for target in settings.target_jobs
        ]
        await start(dag, *arguments, **options)

    DAG.init = init
