"""What a value reads of the inputs, measured by running the network with NaN in chosen places.

`prepare` makes a model fit for that, `probe` runs it, `boxes` holds claims against runs, `matrices` measures
small networks whole, `draw` makes them up, and ``python -m tests.oracles.corpus FOLDER`` probes real ones.
"""
