"""Many networks compared with what they were, each pair in a process of its own, and remembered."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from archcheck import cache
from archcheck import many as runs
from archcheck.comparing import Difference, compare
from archcheck.comparing._folders import digest_of, match
from archcheck.comparing._judged import Judged, judged, loaded
from archcheck.deadline import Limits
from archcheck.frontends._revisions import is_revision
from archcheck.pool import Place
from archcheck.reporters.diff import View, render

IDENTICAL, SAME, CHANGED = "identical", "same", "changed"
ADDED, REMOVED, RENAMED, FAILED = "added", "removed", "renamed", "failed"
"""What can become of a model. The files of *identical* and *renamed* ones are the same, byte for byte; *same*
is that nothing but names and bytes differs."""


class Ask(NamedTuple):
    """A model to be compared: its ``path`` in the folders, and how ``old`` and ``new`` are called; the
    ``sizes`` that are given, whether the contents of ``weights`` are compared; in which ``form`` the
    difference is to be told, in which ``view``; the ``plugins`` that are needed; and the folder of the
    ``cache`` (None: none), and what stands for archcheck itself in it."""

    path: str
    old: str
    new: str
    sizes: Mapping[str, Any]
    weights: bool
    form: str
    view: View
    plugins: tuple[str, ...] = ()
    cache: str | None = None
    salt: str = ""


class Growth(NamedTuple):
    """How a total has changed: the change as a part of the old figure, None where it depends on sizes or is
    not known; and as a text."""

    name: str
    growth: Fraction | None
    is_same: bool
    said: str


class Compared(NamedTuple):
    """What came of a model, whose ``path`` was ``was`` where it has moved: the ``state`` that it is in;
    whether its interface breaks; how its totals have changed; how many ``layers`` were added, removed and
    changed, and how many findings are new and fixed; the whole as a ``text``; the sizes of ``--set`` that it
    has; and what failed, with the exit code that this asks for."""

    path: str
    state: str
    is_breaking: bool = False
    totals: tuple[Growth, ...] = ()
    layers: tuple[int, int, int] = (0, 0, 0)
    findings: tuple[int, int] = (0, 0)
    text: str = ""
    sizes: tuple[str, ...] = ()
    was: str = ""
    complaints: tuple[str, ...] = ()
    exit_code: int = 0

    @property
    def is_other(self) -> bool:
        """Whether more than names and bytes differs, or it is not known."""
        return self.state not in (IDENTICAL, SAME, RENAMED)


def compare_many(like: Ask, place: Place, limits: Limits, progress: runs.Progress) -> list[Compared]:
    """What has become of each model of the folders ``old`` and ``new`` of ``like``, which says what is asked
    of each, in the order of their paths. Raises `UserError` where there is none, and
    `archcheck.many.Interrupted`."""
    found = match(like.old, like.new)
    asks = [like._replace(path=path, old=a, new=b, view=like.view._replace(old=a, new=b))
            for path, (a, b) in found.both.items()]
    answers = runs.in_order(compared, asks, place, limits, progress)
    rows = [_failed(ask.path, one) if isinstance(one, runs.Failed) else one
            for ask, one in zip(asks, answers)]
    rows += [Compared(now, RENAMED, was=was) for was, now in found.moved]
    rows += [Compared(path, ADDED) for path in found.added]
    rows += [Compared(path, REMOVED, is_breaking=True) for path in found.removed]
    return sorted(rows, key=lambda row: row.path)


def _failed(path: str, why: runs.Failed) -> Compared:
    return Compared(path, FAILED, complaints=(why.message,), exit_code=why.exit_code)


def compared(ask: Ask) -> Compared:
    """What has become of one model. Raises `UserError`."""
    for plugin in ask.plugins:
        from archcheck.plugins import load_plugin
        load_plugin(plugin)
    contents = [digest_of(name) for name in (ask.old, ask.new)]
    place = _place(ask, contents)
    known = place and _known(place)
    if known:
        return known
    with ExitStack() as stack:
        found, graphs = _fresh(ask, contents, stack)
        is_stable = not any(map(cache.has_foreign, graphs)) and not found.complaints
        if place and is_stable and not any(map(_is_apart, (ask.old, ask.new), graphs)):
            place.keep(_as_plain(found), graphs)
    return found


def _is_apart(name: str, graph: Any) -> bool:
    """Whether a model is one of a commit, and stores weights in files of that commit."""
    return is_revision(name) and any(True for _ in cache.externals(graph))


def _fresh(ask: Ask, contents: Sequence[str | None], stack: ExitStack) -> tuple[Compared, list[Any]]:
    """What has become of a model, and both graphs. Of files that are the same, with all their weights in
    them, nothing is worked out."""
    if contents[0] is not None and contents[0] == contents[1]:
        graph, _ = loaded(ask.new, _folder(stack))
        if not any(True for _ in cache.externals(graph)):
            return Compared(ask.path, IDENTICAL), [graph, graph]
    a, b = (judged(name, ask.sizes, _folder(stack)) for name in (ask.old, ask.new))
    found = compare(a.report, b.report, (a.payloads, b.payloads) if ask.weights else None)
    return _told(ask, found, a, b), [a.report.graph, b.report.graph]


def fresh(ask: Ask) -> Compared:
    """What has become of one model, worked out. Raises `UserError`."""
    with ExitStack() as stack:
        return _fresh(ask, (None, None), stack)[0]


def _told(ask: Ask, found: Difference, a: Judged, b: Judged) -> Compared:
    from archcheck.reporters.diff import _words as words
    script = replace(ask.view.script, names={name: name for name in b.report.symbols})
    view = ask.view._replace(script=script)
    totals = tuple(Growth(one.name, one.growth, one.is_same, words.growth(one, script))
                   for one in found.totals)
    complaints = tuple(complaint(name, one) for name, side in ((ask.old, a), (ask.new, b))
                       for one in side.broken)
    has = tuple(name for name in ask.sizes if name in a.report.sizes or name in b.report.sizes)
    kinds = Counter(one.kind for one in found.layers)
    return Compared(ask.path, SAME if found.is_empty else CHANGED, found.is_breaking, totals,
                    (kinds["added"], kinds["removed"], kinds["changed"]), (len(found.new), len(found.fixed)),
                    render(found, ask.form, view), has, complaints=complaints)


def complaint(name: str, broken: Any) -> str:
    """What is said of a rule that failed."""
    code, message = broken
    return (f"the rule {code} failed at {name}: {message}. This is a defect of archcheck; ARCHCHECK_DEBUG=1 "
            "shows where")


def _folder(stack: ExitStack) -> str:
    return stack.enter_context(TemporaryDirectory(prefix="archcheck-", ignore_cleanup_errors=True))


def over(row: Compared, breaks: bool, most: Fraction | None) -> Iterator[str]:
    """What is more than may be: where the interface ``breaks``, and totals that have grown by more than the
    part ``most`` (None: they may)."""
    if breaks and row.is_breaking:
        yield "the model is gone" if row.state == REMOVED else "the interface breaks"
    for one in row.totals:
        if one.growth is not None and most is not None and one.growth > most:
            yield f"{one.name} grew by {float(one.growth):.2%}"


def unknown(row: Compared) -> Iterator[str]:
    """Of which totals nothing says how they grew."""
    for one in row.totals:
        if one.growth is None and not one.is_same:
            yield f"how much {one.name} grew depends on sizes, or is not known; bind them with --set"


# ------------------------------------------------------------------------------------------- remembering
def _place(ask: Ask, contents: Sequence[str | None]) -> cache.Entry | None:
    if ask.cache is None or ask.plugins:
        return None
    from archcheck.config._resolve import sources
    from archcheck.lint._cache import sidecar_of
    known = [one or cache.ends(name) for one, name in zip(contents, (ask.old, ask.new))]
    files = [name.partition(":")[2] if is_revision(name) else name for name in (ask.old, ask.new)]
    settings = [repr(sources([], {}).settings(file)) for file in files]
    asked = repr((sorted(ask.sizes.items()), ask.weights, ask.form, ask.view))
    parts = ask.salt, "diff", ask.path, asked, *settings, *map(sidecar_of, files), *known
    return cache.Entry(ask.cache, parts, files)


def _as_plain(found: Compared) -> dict[str, Any]:
    totals = [[*one[:1], None if one.growth is None else str(one.growth), *one[2:]] for one in found.totals]
    return {**found._asdict(), "totals": totals}


def _known(place: cache.Entry) -> Compared | None:
    try:
        plain = place.found()
        totals = tuple(Growth(name, None if part is None else Fraction(part), is_same, said)
                       for name, part, is_same, said in plain["totals"])
        return Compared(**{**plain, "totals": totals, "sizes": tuple(plain["sizes"]), "complaints": (),
                           "layers": tuple(plain["layers"]), "findings": tuple(plain["findings"])})
    except (KeyError, TypeError, ValueError):
        return None
