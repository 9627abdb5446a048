"""Profiles: what other tools that count operations print for a network.

Each tool has its own list of what counts, and how much. A profile is that list: for each kind of work a rule
from a node's cost and types to a number. Which kind an operator is of, its registration says.
"""
from __future__ import annotations

from typing import NamedTuple

from archcheck.analyses.profiles.tables import PROFILES, Profile
from archcheck.analyses.profiles.work import Work, works
from archcheck.dims import Size, total
from archcheck.errors import UserError, closest
from archcheck.infer import Walk
from archcheck.ops._op import Unknown
from archcheck.report import Report

__all__ = ["PROFILES", "Profile", "Profiled", "UnknownProfile", "Work", "profiled"]

Counts = tuple["Size | None", ...]


class UnknownProfile(UserError):
    """No profile has the name."""


class Profiled(NamedTuple):
    """What a tool prints for a network: ``total`` and, in the order of the graph's nodes, ``by_node``, None
    where it is not known. ``unit`` is what the tool calls the number, ``MACs`` or ``FLOPs``, and ``per_mac``
    what it takes one multiply-accumulate for. ``notes`` says what it leaves out or counts in a way of its
    own."""

    name: str
    unit: str
    per_mac: int
    total: Size | None
    by_node: Counts
    notes: str


def profiled(report: Report, name: str) -> Profiled:
    """The operations of ``report``'s network as the tool ``name``, one of `PROFILES`, counts them."""
    profile = PROFILES.get(name)
    if profile is None:
        raise UnknownProfile(_unknown(name))
    counts = _counts(report.walk, profile, frozenset())
    return Profiled(profile.name, profile.unit, profile.per_mac, _sum(counts), counts, profile.notes)


def _unknown(name: str) -> str:
    close = closest(name, PROFILES)
    known = f"did you mean {close!r}?" if close else f"there are {', '.join(PROFILES)}"
    return f"there is no profile {name!r}; {known}"


def _counts(walk: Walk, profile: Profile, fixed: frozenset[str]) -> Counts:
    """The number of each node of ``walk``, whose inputs ``fixed`` are weights."""
    return tuple([_of_bodies(walk, index, profile, work) if index in walk.bodies else _count(profile, work)
                  for index, work in enumerate(works(walk, fixed))])


def _count(profile: Profile, work: Work) -> Size | None:
    """The number of one node: 0 if its kind is none of the tool's, None if it is not known."""
    rule = profile.rules.get(work.kind)
    try:
        return rule(work) if rule else 0
    except (Unknown, ArithmeticError, LookupError, ValueError):  # inputs that the operator does not take
        return None


def _of_bodies(walk: Walk, index: int, profile: Profile, work: Work) -> Size | None:
    """The number of a node with bodies: that of the function it calls, or of either branch if they agree.
    For a loop it is known where it is 0, or counts nothing but the multiply-accumulates."""
    bodies = walk.bodies[index].values()
    sums = [_sum(_counts(body, profile, work.fixed_in(body))) for body in bodies]
    repeated = any(body.graph.inputs and not body.is_function for body in bodies)
    if len(set(sums)) == 1 and (not repeated or sums[0] == 0):
        return sums[0]
    plain = [profile.per_mac * body.cost.mac for body in bodies]
    return profile.per_mac * work.cost.mac if work.cost and sums == plain else None


def _sum(counts: Counts) -> Size | None:
    known = [count for count in counts if count is not None]
    return total(known) if len(known) == len(counts) else None
