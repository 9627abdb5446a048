"""How much memory there is, and how much a process takes."""
from __future__ import annotations

import os
import sys
from pathlib import Path

GROUP = Path("/sys/fs/cgroup")


def memory() -> int | None:
    """Bytes that can still be had: of the machine, and of the container around this process if there is one;
    None where the system does not say."""
    known = [size for size in (_machine(), container()) if size is not None]
    return min(known, default=None)


def taken(process: int) -> int | None:
    """Bytes of memory that ``process`` has for itself, swapped out or not, and not what it maps of files;
    None where that is not known."""
    if sys.platform.startswith("linux"):
        fields = _fields(f"/proc/{process}/status")
        return sum(fields.get(key, 0) for key in ("RssAnon", "VmSwap")) if fields else None
    import subprocess
    try:
        said = subprocess.run(["ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True)
        return int(said.stdout) * 1024
    except (OSError, ValueError):
        return None


def _machine() -> int | None:
    available = _fields("/proc/meminfo").get("MemAvailable")
    if available is not None:
        return available
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def container(folder: Path = GROUP) -> int | None:
    """What is left to the control group that this process is in: its limit less what it takes, without the
    pages of files, which the kernel drops when it has to. None where it has no limit."""
    for part, limit, used in ((folder, "memory.max", "memory.current"),
                              (folder / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes")):
        try:
            most, now = int((part / limit).read_text()), int((part / used).read_text())
            lines = map(str.split, (part / "memory.stat").read_text().splitlines())
        except (OSError, ValueError):
            continue
        files = sum(int(line[1]) for line in lines if line[0] in ("active_file", "inactive_file"))
        return max(most - max(now - files, 0), 0)
    return None


def _fields(path: str) -> dict[str, int]:
    """The lines ``Key:  123 kB`` of a file, in bytes."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            lines = [line.split() for line in file]
    except OSError:
        return {}
    return {line[0][:-1]: int(line[1]) * 1024 for line in lines if len(line) == 3 and line[2] == "kB"}
