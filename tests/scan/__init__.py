"""Catalogues of many models: sources, the pool, the journal, and reading by ranges."""
