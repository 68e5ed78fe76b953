"""Benchmarks of the project, compared with a plain implementation and with the limits of the machine.

All numbers of a table are from one run on one machine. They are medians of runs that alternate.
"""
