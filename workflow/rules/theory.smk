# What the theory says of runs, and what it assumes.


use rule prepare as bounds with:
    """bounds along runs, and along a simulated descent"""
    input:
        reads("bounds"),
    output:
        writes("bounds"),
    log:
        log_of("bounds"),
    resources:
        **needs("bounds"),
    params:
        **job("bounds"),


use rule prepare as promised with:
    """what the theorems guarantee at the paper's settings"""
    input:
        reads("promised"),
    output:
        writes("promised"),
    log:
        log_of("promised"),
    resources:
        **needs("promised"),
    params:
        **job("promised"),


use rule prepare as curvature with:
    """curvature along a run's CL training"""
    input:
        reads("curvature"),
    output:
        writes("curvature"),
    log:
        log_of("curvature"),
    resources:
        **needs("curvature"),
    params:
        **job("curvature"),


use rule prepare as forcing with:
    """push of other objectives' gradients on CL along its training"""
    input:
        reads("forcing"),
    output:
        writes("forcing"),
    log:
        log_of("forcing"),
    resources:
        **needs("forcing"),
    params:
        **job("forcing"),


use rule prepare as loss_gap with:
    """CL's loss less NSCL's, beside its bound"""
    input:
        reads("loss_gap"),
    output:
        writes("loss_gap"),
    log:
        log_of("loss_gap"),
    resources:
        **needs("loss_gap"),
    params:
        **job("loss_gap"),
