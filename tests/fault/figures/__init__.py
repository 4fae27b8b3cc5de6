"""The figures of PROTOCOL 7 that faults and load decide: measured on real servers, each beside its bar.

`python -m tests.fault.figures` writes `docs/fault-report.md`; the tests hold the same measurements to the same bars, at
the smallest scale.
"""
