"""Take what is suppressed out of a SARIF file: ``python unsuppressed.py FILE``.

GitHub's code scanning heeds a suppression at most when it sees a result for the first time; an alert that is
open stays open (github/codeql-action#1230). Without the result it is closed.
"""
from __future__ import annotations

import json
import sys
from pathlib import Path


def main(file: Path) -> None:
    """Rewrite ``file``."""
    log = json.loads(file.read_text(encoding="utf-8"))
    for run in log["runs"]:
        run["results"] = [result for result in run["results"] if not result.get("suppressions")]
    file.write_text(json.dumps(log), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
