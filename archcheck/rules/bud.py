"""What exceeds the budget that the configuration sets for a model.

Budgets stand under ``[budget."PATTERN"]``, where the pattern is one of paths of models. Figures that are
formulas are judged at the sizes that ``at`` gives, and else for all sizes from 1 up, where that can be said.
"""
from __future__ import annotations

from fractions import Fraction
from typing import Any

from archcheck.config import Limit
from archcheck.dims import Dim, Size, atom_size, evaluate, least, most, substitute, symbols
from archcheck.report import Report
from archcheck.reporters.text import size_in_bytes
from archcheck.rules._case import Case
from archcheck.rules._figures import BYTES, FIGURES, LOCKED, Figure, total
from archcheck.rules._rule import ADVICE, ERROR, WARNING, Fault, Faults, rule

CURE = "make the network smaller, or raise the budget"


def _over(case: Case, name: str) -> Faults:
    """What is to be said of the budget of one figure, if there is one."""
    limit = case.settings.budget.get(name)
    if limit is None:
        return
    figure = FIGURES[name](case.report)
    found = [evaluate(size, limit.at) for size in figure.sizes]
    sizes = [size for size in found if size is not None]
    low, high = (max(ends) for ends in zip(*map(_range, sizes))) if sizes else (0, 0)
    if low > limit.most:
        yield _exceeded(name, low, any(isinstance(size, Dim) for size in sizes), limit)
    elif high > limit.most:
        yield _undecided(name, sizes, limit)
    elif figure.missing:
        yield _incomplete(name, figure, limit)


def _range(size: Size) -> tuple[int | float, int | float]:
    """The least and the most that a size can be where no axis of an input is empty."""
    counts = {atom: atom_size(atom) + 1 for atom in symbols(size) if atom.origin is None}
    counted = substitute(size, counts)
    return least(counted), most(counted)


def _exceeded(name: str, amount: Any, is_least: bool, limit: Limit) -> Fault:
    exact = "at least " if is_least else ""
    share = f"{float((amount - limit.most) / limit.most):.1%} more" if limit.most else "more than nothing"
    return Fault(f"{name} is {exact}{_said(name, amount)}, and the budget is {limit.said}",
                 f"that is {share}{_at(limit)}", CURE,
                 facts={"figure": name, "value": amount, "limit": limit.most})


def _undecided(name: str, sizes: list[Size], limit: Limit) -> Fault:
    free = sorted({str(atom.args[0]) for size in sizes for atom in symbols(size)})
    wanted = ", ".join(f"{one} = …" for one in free)
    return Fault(f"whether {name} is within its budget of {limit.said} depends on {', '.join(free)}",
                 f"it is {' or '.join(map(str, sizes))}",
                 f"say the sizes that the budget is for: at = {{ {wanted} }}", severity=WARNING,
                 facts={"figure": name, "value": sizes[0], "limit": limit.most})


def _incomplete(name: str, figure: Figure, limit: Limit) -> Fault:
    return Fault(f"{name} may exceed its budget of {limit.said}: {figure.missing} is not known",
                 "what is known of it is within", "see `archcheck summary` for what is not known, and why",
                 severity=ADVICE, facts={"figure": name, "limit": limit.most})


def _said(name: str, amount: Any) -> str:
    return f"{amount:,}" if name not in BYTES else f"{amount:,} B ({size_in_bytes(amount)})"


def _at(limit: Limit) -> str:
    return f" at {', '.join(f'{name} = {size}' for name, size in limit.at.items())}" if limit.at else ""


@rule("BUD001", "budget-params", severity=ERROR)
def budget_params(case: Case) -> Faults:
    """The model has more parameters than its budget allows.

    `params = "3.2 M"`: learned numbers, each counted once however often it is used.
    """
    yield from _over(case, "params")


@rule("BUD002", "budget-macs", severity=ERROR)
def budget_macs(case: Case) -> Faults:
    """The model does more multiply-accumulates than its budget allows.

    `macs = { max = "5 G", at = { batch = 1 } }`. One multiply-accumulate is two FLOPs. Where the count is a
    formula and no sizes are given, it is judged for all sizes at once, or said that they are needed.
    """
    yield from _over(case, "macs")


@rule("BUD003", "budget-peak-memory", severity=ERROR)
def budget_peak_memory(case: Case) -> Faults:
    """Running the model takes more memory than its budget allows.

    `peak-memory = "64 MiB"`: the weights, and the most of activations that is held at once, with the nodes in
    the order of the file and each value in memory of its own: what `archcheck memory` calls *to run*.
    """
    yield from _over(case, "peak-memory")


@rule("BUD004", "budget-file-size", severity=ERROR)
def budget_file_size(case: Case) -> Faults:
    """The model's file is larger than its budget allows.

    `file-size = "13 MB"`: the bytes of the file, and of the external data that it names. A specification has
    no weights, and is not judged.
    """
    yield from _over(case, "file-size")


@rule("BUD005", "budget-depth", severity=ERROR)
def budget_depth(case: Case) -> Faults:
    """The model is deeper than its budget allows.

    `depth = 50`: the most layers with weights that a value passes one after the other. They cannot run at the
    same time, however wide the machine is.
    """
    yield from _over(case, "depth")


@rule("BUD006", "budget-latency-estimate", severity=ERROR)
def budget_latency_estimate(case: Case) -> Faults:
    """The model cannot run as fast on a device as its budget asks.

    `latency = { max = "5 ms", device = "a100", at = { batch = 1 } }`. The estimate is a bound from below:
    each node takes at least what its operations take at the device's peak, and its bytes at its bandwidth
    (`archcheck cost --device`). A network that is within may still be slower. A runtime that fuses nodes
    moves fewer bytes, and may be faster than nodes one by one.
    """
    from archcheck.analyses.devices import device
    from archcheck.analyses.roofline import roofline
    limit = case.settings.budget.get("latency")
    if limit is None:
        return
    found = roofline(_sized(case.report, limit), device(limit.device))
    unknown = sum(bound is None for bound in found.by_node)
    if found.seconds > limit.most:
        yield Fault(f"the nodes take at least {_ms(found.seconds)} on {limit.device}, and the budget is "
                    f"{limit.said}", f"{_ms(found.by['memory'])} are bound by memory, "
                    f"{_ms(found.by['compute'])} by compute{_at(limit)}", CURE,
                    facts={"figure": "latency", "value": found.seconds, "limit": float(limit.most)})
    elif unknown:
        nodes = "1 node is" if unknown == 1 else f"{unknown:,} nodes are"
        yield Fault(f"the latency of {nodes} not known, and the budget is {limit.said}",
                    "it depends on sizes that are formulas or not known",
                    "say the sizes that it is for: at = { … }",
                    severity=WARNING, facts={"figure": "latency", "unknown": unknown})


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms"


def _sized(report: Report, limit: Limit) -> Report:
    """The network with the sizes that a limit is for."""
    from archcheck.infer import analyze
    sizes = {name: size for name, size in limit.at.items() if name in report.symbols}
    return analyze(report.graph, {**report.sizes, **sizes}) if sizes else report


@rule("BUD007", "budget-flops", severity=ERROR)
def budget_flops(case: Case) -> Faults:
    """The model does more floating-point operations than its budget allows.

    `flops = "10 G"`: two for each multiply-accumulate, and every other scalar operation.
    """
    yield from _over(case, "flops")


# ------------------------------------------------------------------------------------------------- growth
@rule("BUD010", "budget-ratchet", severity=ERROR)
def budget_ratchet(case: Case) -> Faults:
    """The model has grown by more than its budget allows since it was locked.

    `growth = "2 %"` holds parameters, MACs, FLOPs, memory and the size of the file against the nearest
    `archcheck.lock`, which `archcheck lock` writes and a repository keeps. What was meant to grow is locked
    anew, and the change is seen in the review of that file.
    """
    limit = case.settings.budget.get("growth")
    if limit is None:
        return
    locked = case.settings.locked
    if locked is None:
        yield Fault("the model is in no archcheck.lock, and its budget limits how it may grow", "",
                    "run `archcheck lock` on it", severity=ADVICE)
        return
    for name in LOCKED:
        yield from _grown(name, total(case.report, name), locked.get(name), limit)


def _grown(name: str, now: Size | None, before: Any, limit: Limit) -> Faults:
    from archcheck.lint._lock import formula
    was = formula(before)
    new, old = evaluate(now, limit.at), evaluate(was, limit.at)
    if new is None or old is None:
        return
    factor = 1 + Fraction(limit.most)
    excess = new * factor.denominator - old * factor.numerator
    low, high = _range(excess)
    if low > 0:
        yield Fault(f"{name} has grown from {_told(name, old)} to {_told(name, new)}, and the budget is "
                    f"{limit.said}", _rise(new, old) + _at(limit),
                    "make it smaller again, or lock what is meant: `archcheck lock`",
                    facts={"figure": name, "value": new, "locked": old, "limit": str(limit.most)})
    elif high > 0:
        free = ", ".join(sorted({str(atom.args[0]) for size in (new, old) for atom in symbols(size)}))
        yield Fault(f"whether {name} has grown by more than {limit.said} depends on {free}",
                    f"it was {old} and is {new}",
                    "say the sizes that it is for: growth = { max = …, at = { … } }", severity=WARNING,
                    facts={"figure": name, "value": new, "locked": old})


def _told(name: str, size: Size) -> str:
    return str(size) if isinstance(size, Dim) else _said(name, size)


def _rise(new: Size, old: Size) -> str:
    if not isinstance(new, int) or not isinstance(old, int):
        return "at all sizes"
    return f"that is {(new - old) / old:.1%} more" if old else "there was nothing before"
