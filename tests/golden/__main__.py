"""``python -m tests.golden`` writes the kept outputs anew; look at the difference before you commit it."""
from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tests.golden.cases import HERE, outputs

with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    for name, text in outputs(Path(folder)).items():
        path = HERE / name
        if not path.exists() or path.read_bytes() != text.encode():
            path.write_bytes(text.encode())
            print(f"{name} written")
