"""A network that is to be compared: what is known of it, and what the rules find in it."""
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from archcheck.findings import Broken
from archcheck.report import Report
from archcheck.rules._payloads import Payloads

if TYPE_CHECKING:
    from archcheck.frontends import Source
    from archcheck.graph import Graph


class Judged(NamedTuple):
    """What is known of a network, its weights, and the rules that failed."""

    report: Report
    payloads: Payloads
    broken: tuple[Broken, ...]


def judged(name: str, sizes: Mapping[str, Any], folder: str) -> Judged:
    """The network that ``name`` means, which may be that of a commit, with those of the ``sizes`` that it
    has. What is fetched for it is put into ``folder``, which has to stay. Raises `UserError`."""
    from archcheck.config._resolve import sources
    from archcheck.infer import analyze
    from archcheck.lint._one import has_size
    from archcheck.rules._case import Case
    from archcheck.rules._judge import judge
    graph, source = loaded(name, folder)
    report = analyze(graph, {size: number for size, number in sizes.items() if has_size(graph, size)})
    settings = sources([], {}).settings(name.partition(":")[2] if source else name)
    report.findings, broken = judge(Case(report, settings))
    return Judged(report, Payloads(graph, source), tuple(broken))


def loaded(name: str, folder: str) -> tuple[Graph, Source | None]:
    """The network that ``name`` means, and where its bytes are if it is that of a commit."""
    from archcheck.frontends import _revisions, load
    return _revisions.loaded(name, folder) if _revisions.is_revision(name) else (load(name), None)
