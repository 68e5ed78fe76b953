# Tables, figures, claims and the page that people read.


use rule prepare as table1 with:
    """accuracy of every objective"""
    input:
        reads("table1"),
    output:
        writes("table1"),
    log:
        log_of("table1"),
    resources:
        **needs("table1"),
    params:
        **job("table1"),


use rule prepare as table2 with:
    """agreement of every objective with CL"""
    input:
        reads("table2"),
    output:
        writes("table2"),
    log:
        log_of("table2"),
    resources:
        **needs("table2"),
    params:
        **job("table2"),


use rule prepare as comparison with:
    """both tables for a custom experiment"""
    input:
        reads("comparison"),
    output:
        writes("comparison"),
    log:
        log_of("comparison"),
    resources:
        **needs("comparison"),
    params:
        **job("comparison"),


use rule prepare as claims with:
    """the verdict on every claim"""
    input:
        reads("claims"),
    output:
        writes("claims"),
    log:
        log_of("claims"),
    resources:
        **needs("claims"),
    params:
        **job("claims"),


use rule prepare as metrics with:
    """headline numbers for DVC"""
    input:
        reads("metrics"),
    output:
        writes("metrics"),
    log:
        log_of("metrics"),
    resources:
        **needs("metrics"),
    params:
        **job("metrics"),


use rule prepare as figure with:
    """a figure and the table that it is drawn from"""
    input:
        reads("figure"),
    output:
        writes("figure"),
    log:
        log_of("figure"),
    resources:
        **needs("figure"),
    params:
        **job("figure"),


use rule prepare as report with:
    """the report as one page"""
    input:
        reads("report"),
    output:
        writes("report"),
    log:
        log_of("report"),
    resources:
        **needs("report"),
    params:
        **job("report"),
