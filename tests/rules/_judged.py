"""What rules find in a network, for tests."""
from __future__ import annotations

import archcheck


def found(model, *select, **options):
    """What the rules ``select`` find in a specification's text, or in a ``ModelProto``."""
    source = model.encode() if isinstance(model, str) else model
    return archcheck.check(source, select=select, **options).findings
