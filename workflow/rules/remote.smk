# What jobs on the machines of a cluster ask for.
from pipeline.jobs import claims

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
