# What is measured of trained networks.


use rule prepare as measure with:
    """probes and alignment of a run's twins at every kept epoch"""
    input:
        reads("measure"),
    output:
        writes("measure"),
    log:
        log_of("measure"),
    resources:
        **needs("measure"),
    params:
        **job("measure"),


use rule prepare as baselines with:
    """probes of raw pixels, which a trained network has to beat"""
    input:
        reads("baselines"),
    output:
        writes("baselines"),
    log:
        log_of("baselines"),
    resources:
        **needs("baselines"),
    params:
        **job("baselines"),


use rule prepare as layers with:
    """alignment of a run's twins at every layer"""
    input:
        reads("layers"),
    output:
        writes("layers"),
    log:
        log_of("layers"),
    resources:
        **needs("layers"),
    params:
        **job("layers"),


use rule prepare as early with:
    """alignment and weight gap of a run's twins after single steps"""
    input:
        reads("early"),
    output:
        writes("early"),
    log:
        log_of("early"),
    resources:
        **needs("early"),
    params:
        **job("early"),


use rule prepare as between_seeds with:
    """alignment of CL and other twins between seeds"""
    input:
        reads("between_seeds"),
    output:
        writes("between_seeds"),
    log:
        log_of("between_seeds"),
    resources:
        **needs("between_seeds"),
    params:
        **job("between_seeds"),


use rule prepare as merging with:
    """accuracy between CL's and NSCL's weights"""
    input:
        reads("merging"),
    output:
        writes("merging"),
    log:
        log_of("merging"),
    resources:
        **needs("merging"),
    params:
        **job("merging"),
