# Shared-seed training: all twins of a run in one job.


use rule prepare as twins with:
    """train all objectives of a run on one stream of batches and views"""
    input:
        reads("twins"),
    output:
        writes("twins"),
    log:
        log_of("twins"),
    priority: training_priority
    threads: training_threads
    resources:
        **needs("twins"),
    params:
        **job("twins"),
