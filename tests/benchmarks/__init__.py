"""How fast archcheck is, how its time grows, and how much memory it takes: ``python -m tests.benchmarks``."""
