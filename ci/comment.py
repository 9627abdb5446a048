"""Keep one comment at a pull request up to date: ``python comment.py FILE``.

The comment is known by a mark in its first line, which the workflow and the job decide. A pull request from
a fork gets a token that may not comment: that is told and is no failure.
"""
from __future__ import annotations

import hashlib
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

A_PAGE, PAGES = 100, 30
MOST = 65_000
SECONDS = 30


def main(file: Path) -> None:
    """Make the comment, or change it to what ``file`` says."""
    text = f"{mark()}\n{file.read_text(encoding='utf-8')}"[:MOST]
    try:
        put(text)
    except (urllib.error.URLError, OSError) as error:
        print(f"::notice title=archcheck::The pull request got no comment ({error}); the job needs the "
              "permission pull-requests: write, which one from a fork cannot have")


def put(text: str) -> None:
    """Make or change the comment."""
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    issues = f"/repos/{os.environ['GITHUB_REPOSITORY']}/issues"
    comments = f"{issues}/{event['pull_request']['number']}/comments"
    own = existing(comments)
    if own:
        call("PATCH", f"{issues}/comments/{own}", {"body": text})
    else:
        call("POST", comments, {"body": text})


def mark() -> str:
    """The first line of the comment."""
    job = "\0".join(os.environ.get(name, "") for name in ("GITHUB_WORKFLOW", "GITHUB_JOB"))
    return f"<!-- archcheck {hashlib.sha256(job.encode()).hexdigest()[:16]} -->"


def existing(comments: str) -> int | None:
    """The number of the comment, None where there is none yet."""
    for page in range(1, PAGES + 1):
        found = call("GET", f"{comments}?per_page={A_PAGE}&page={page}")
        for comment in found:
            if (comment.get("body") or "").startswith(mark()):
                return int(comment["id"])
        if len(found) < A_PAGE:
            return None
    return None


def call(method: str, path: str, content: Any = None) -> Any:
    """What GitHub answers."""
    request = urllib.request.Request(
        os.environ.get("GITHUB_API_URL", "https://api.github.com") + path, method=method,
        data=None if content is None else json.dumps(content).encode(),
        headers={"Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}", "Content-Type": "application/json",
                 "Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"})
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return json.load(answer)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
