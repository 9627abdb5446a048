"""What a value reads of the inputs, measured by running the network with NaN in chosen places.

`archcheck.probing` does that; here `misfits` holds exact sets against it, `draw` makes networks up, `nets`
has some whose fields are known, and ``python -m tests.oracles.corpus FOLDER`` probes real ones.
"""
