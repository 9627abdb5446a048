"""What ``archcheck scan`` prints: how many models, what the rules find in them, and what cannot be read."""
from __future__ import annotations

from collections.abc import Iterator

from archcheck.catalog._scan import SHOWN, Tally
from archcheck.reporters.sheet import Column, Sheet, as_count
from archcheck.reporters.text import size_in_bytes

STEPS = "reading", "analysis", "rules"


def sheet(tally: Tally) -> Sheet:
    """The summary of a scan: a row for each rule that found something, in most models first."""
    columns = (Column("code", "rule"), Column("name", "this model has", least=20),
               Column("models", "models", as_count, right=True),
               Column("findings", "findings", as_count, right=True))
    rows = [(code, _name(code), models, tally.findings[code])
            for code, models in sorted(tally.models_with.items(), key=lambda pair: (-pair[1], pair[0]))]
    record = {"models": tally.models, "unreadable": tally.errors, "structures": len(tally.structures),
              "known": tally.known, "seconds": dict(zip(STEPS, tally.seconds)), "elapsed": tally.elapsed,
              "bytes_read": tally.bytes_read, "whole": tally.whole,
              "failed": [list(pair) for pair in tally.failed]}
    return Sheet("archcheck.scan/1", columns, rows, list(_facts(tally)), record, "findings")


def _name(code: str) -> str | None:
    from archcheck import rules
    known = rules.known()
    return known[code].name if code in known else None


def _facts(tally: Tally) -> Iterator[tuple[str, str]]:
    yield "models", f"{tally.models:,}, of {len(tally.structures):,} different structures"
    fresh = tally.models - tally.known
    if tally.known:
        yield "known", f"{tally.known:,} from scans before, {fresh:,} new or changed"
    if fresh and tally.elapsed:
        yield "time", f"{tally.elapsed:.1f} s, {fresh / tally.elapsed:.1f} models a second{_shares(tally)}"
    if tally.bytes_read:
        whole = (f"; {tally.whole:,} as a whole, packed or from a server that gives no ranges"
                 if tally.whole else "")
        yield "read", f"{size_in_bytes(tally.bytes_read)} over the network{whole}"
    if tally.errors:
        more = f"\nand {tally.errors - SHOWN:,} more" if tally.errors > SHOWN else ""
        yield "without figures", f"{tally.errors:,}\n" + "\n".join(error for _, error in tally.failed) + more


def _shares(tally: Tally) -> str:
    total = sum(tally.seconds)
    if not total:
        return ""
    return " (" + ", ".join(f"{name} {part / total:.0%}" for name, part in zip(STEPS, tally.seconds)) + ")"
