"""How fast the project is, beside a plain implementation and beside what the machine can do at all.

Every number of a table comes from one run on one machine, as medians of runs that alternate.
"""
