"""A space of variants: its columns, which of them are symbols of closed forms, and the walk over the rest."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any, NamedTuple

from archcheck.binding import instance, settable
from archcheck.deadline import Lost
from archcheck.errors import closest
from archcheck.graph import Graph
from archcheck.infer import analyze
from archcheck.pool import Place, work
from archcheck.report import Report
from archcheck.sweeping.arithmetic import evaluated, expression, tidied
from archcheck.sweeping.axes import Axis, SweepError, Value, checked
from archcheck.sweeping.measures import FIGURES, Measured, Rows, analyzed, joined, measured, opened
from archcheck.sweeping.variants import Variants

Progress = Callable[[], None]
SAMPLES = 64
"""So many rows are tried for one that runs."""


class Column(NamedTuple):
    """The ``values`` that occur, and which of them each row has."""

    values: Any
    codes: Any

    @property
    def array(self) -> Any:
        """The value of each row."""
        return self.values[self.codes]

    def at(self, row: int) -> Value:
        """The value of one row."""
        value = self.values[self.codes[row]]
        found: Value = value.item() if hasattr(value, "item") else value
        return found

    @property
    def may_be_open(self) -> bool:
        """Whether it could be a symbol: whole numbers that differ."""
        return self.values.dtype != bool and len(self.values) > 1 and all(
            type(value) is int for value in self.values.tolist())


@dataclass(frozen=True)
class Plan:
    """What is to be worked out: of the ``model`` (anything that `archcheck.load` takes) with the values
    ``given``, the figures ``wanted`` for all combinations of ``axes``, or for their values ``together``.
    ``formulas`` give names values that follow from those of others: pairs of a name and an expression."""

    model: Any
    axes: tuple[Axis, ...]
    together: bool = False
    formulas: tuple[tuple[str, str], ...] = ()
    given: Mapping[str, Value] | None = None
    wanted: tuple[str, ...] = FIGURES

    @cached_property
    def graph(self) -> Graph:
        """The network, all at its defaults."""
        return _loaded(self.model) if isinstance(self.model, (str, bytes)) else _load(self.model)

    @cached_property
    def count(self) -> int:
        """How many variants there are."""
        return checked(self.axes, self.together)

    @cached_property
    def columns(self) -> Mapping[str, Column]:
        """All that varies, by name, in the order in which it is said. Raises `SweepError` and
        `archcheck.expressions.ExpressionError`."""
        import numpy
        found: dict[str, Column] = {}
        rows, step = numpy.arange(self.count), self.count
        for one in self.axes:
            step //= 1 if self.together else len(one.values)
            codes = rows if self.together else rows // step % len(one.values)
            values = tidied(numpy.array(one.values, object))
            found.update(dict.fromkeys(one.names, Column(values, codes)))
        for name, text in self.formulas:
            if name in found or name in (self.given or {}):
                raise SweepError(f"{name} has a value already; give it once")
            found[name] = self._follows(text, found)
        return found

    def _follows(self, text: str, found: Mapping[str, Column]) -> Column:
        import numpy
        formula = expression(text)
        if formula.tree.kind == "name" and formula.tree.value in found:
            return found[formula.tree.value]
        named = {name: column.array for name, column in found.items()}
        values = evaluated(formula, {**(self.given or {}), **named})
        return _factored(numpy.broadcast_to(numpy.asarray(values), self.count))

    @cached_property
    def settings(self) -> Mapping[str, Column]:
        """The columns that are parameters or sizes of the network; the others only stand in formulas."""
        known = settable(self.graph)
        inside = {name for _, text in self.formulas for name in _names(text)}
        for name in self.columns:
            if name not in known and name not in inside:
                raise SweepError(_not_there(name, known))
        return {name: column for name, column in self.columns.items() if name in known}

    @cached_property
    def base(self) -> dict[str, Value]:
        """The values given for what does not vary."""
        known = settable(self.graph)
        for name in self.given or {}:
            if name not in known and not any(name in _names(text) for _, text in self.formulas):
                raise SweepError(_not_there(name, known))
        return {name: value for name, value in (self.given or {}).items() if name in known}

    @cached_property
    def open(self) -> tuple[str, ...]:
        """The names that are left symbols, as far as one structure shows: those with which as much is known
        as without."""
        first = self._sample()
        left = self._left(first)
        if left:
            raise SweepError(f"the network has sizes without a number: {', '.join(left)}; give them one, as "
                             f"in --set {left[0]}=1, or vary them")
        found: list[str] = []
        for name, column in self.settings.items():
            if column.may_be_open and self._opens([*found, name], first):
                found.append(name)
        return tuple(found)

    def _sample(self) -> dict[str, Value]:
        """The values of a row that runs, of the first and some that chance picks; of the first where none
        does."""
        import numpy
        rows = [0, *numpy.random.default_rng(0).integers(self.count, size=SAMPLES).tolist()]
        found = ({**self.base, **{name: column.at(row) for name, column in self.settings.items()}}
                 for row in dict.fromkeys(rows))
        first = next(found)
        running = (one for one in chain([first], found) if isinstance(analyzed(self.graph, one), Report))
        return next(running, first)

    def _opens(self, names: list[str], values: dict[str, Value]) -> bool:
        return isinstance(opened(self.graph, [values], names, self.wanted), Report)

    @property
    def sizes(self) -> frozenset[str]:
        """The names that are sizes of inputs."""
        family = self.graph.family
        names = settable(self.graph) if family is None else family.fixed
        return frozenset((*names, *analyze(self.graph).symbols))

    def _left(self, values: Mapping[str, Any]) -> list[str]:
        """Symbols that none of the names gives a number."""
        graph, _ = instance(self.graph, {})
        symbols = (*analyze(graph).symbols, *(graph.family.symbols if graph.family else ()))
        return [name for name in dict.fromkeys(symbols) if name not in values]

    @cached_property
    def structures(self) -> tuple[tuple[dict[str, Value], Any], ...]:
        """The values of what changes the structure, and the rows that have them."""
        import numpy
        fixed = {name: column for name, column in self.settings.items() if name not in self.open}
        keys = numpy.zeros(self.count, numpy.int64)
        for column in fixed.values():
            _, keys = numpy.unique(keys * len(column.values) + column.codes, return_inverse=True)
        order = numpy.argsort(keys, kind="stable")
        groups = numpy.split(order, numpy.flatnonzero(numpy.diff(keys[order])) + 1)
        return tuple((self.base | {name: column.at(rows[0]) for name, column in fixed.items()}, rows)
                     for rows in groups)

    def rows(self, places: Any) -> Rows:
        """The sizes that stay symbols, in some of the rows."""
        kept = {name: self.settings[name] for name in self.open}
        return Rows({name: column.values for name, column in kept.items()},
                    {name: column.codes[places] for name, column in kept.items()}, len(places))


def sweep(plan: Plan, jobs: int = 1, progress: Progress = lambda: None,
          plugins: Sequence[str] = ()) -> Variants:
    """The figures of all variants of a plan, in ``jobs`` processes. ``progress`` is called after each
    structure. Raises `SweepError`, `archcheck.analyses.formulas.NoFigure` and what `archcheck.load`
    raises."""
    parts = dict(_parts(plan, jobs, plugins, progress))
    whole = joined([parts[k] for k in range(len(parts))], [rows for _, rows in plan.structures], plan.count)
    parameters = {name: column.array for name, column in plan.columns.items()}
    return Variants(parameters, whole.figures, whole.errors, whole.lacks, plan.open, whole.analyses)


def _parts(plan: Plan, jobs: int, plugins: Sequence[str],
           progress: Progress) -> Iterator[tuple[int, Measured]]:
    """The figures of each structure, and its index."""
    is_apart = jobs > 1 and isinstance(plan.model, (str, bytes)) and plan.model != "-"
    model, loaded = (plan.model, tuple(plugins)) if is_apart else (plan.graph, ())
    structures = [_Structure(model, loaded, fixed, plan.rows(rows), plan.wanted)
                  for fixed, rows in plan.structures]
    for index, part in work(_measured, structures, Place(jobs if is_apart else 1)):
        if isinstance(part, Lost):
            raise SweepError(f"a structure cannot be analyzed: {part.reason}")
        yield index, part
        progress()


class _Structure(NamedTuple):
    """The variants that differ in sizes only, for a process that may be another one."""

    model: Any
    plugins: tuple[str, ...]
    fixed: Mapping[str, Any]
    rows: Rows
    wanted: Sequence[str]


def _measured(one: _Structure) -> Measured:
    _with_plugins(one.plugins)
    graph = one.model if isinstance(one.model, Graph) else _loaded(one.model)
    return measured(graph, one.fixed, one.rows, one.wanted)


@lru_cache(1)
def _with_plugins(plugins: tuple[str, ...]) -> None:
    from archcheck.plugins import load_plugin
    for plugin in plugins:
        load_plugin(plugin)


@lru_cache(1)
def _loaded(model: Any) -> Graph:
    return _load(model)


def _load(model: Any) -> Graph:
    from archcheck.frontends import load
    return model if isinstance(model, Graph) else load(model)


def _names(text: str) -> tuple[str, ...]:
    from archcheck.sweeping.arithmetic import names_in
    return names_in(expression(text).tree)


def _not_there(name: str, known: Sequence[str]) -> str:
    close = closest(name, known)
    cure = f"did you mean {close}?" if close else f"it has {', '.join(known) or 'none'}"
    follows = f" (--bind {known[-1]}={name} makes {known[-1]} follow it)" if known else ""
    return f"the network has no size or parameter called {name}; {cure}{follows}"


def _factored(array: Any) -> Column:
    """A column of these values."""
    import numpy
    if array.dtype != object:
        return Column(*numpy.unique(array, return_inverse=True))
    places: dict[Any, int] = {}
    codes = numpy.array([places.setdefault(value, len(places)) for value in array.tolist()], numpy.int64)
    return Column(numpy.array(list(places), object), codes)
