"""What the algebra remembers: interned objects and the results of past operations, for one generation each.

The young generation is held. When it is full it is let go together with all past results, and what somebody
still holds stays known, weakly: equal forms remain one object, and memory does not grow with the models
analysed.
"""
from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

GENERATION = 1 << 15  # objects
HEAVY = 200  # results longer than this are not kept by the thousand
_young: dict[Any, Any] = {}
_old: dict[Any, weakref.ref[Any]] = {}
_memos: list[dict[Any, Any]] = []


def recall(key: Any) -> Any:
    """The object interned under ``key``, or None."""
    found = _young.get(key)
    if found is None and key in _old:
        found = _old[key]()
    return found


def keep(key: Any, made: Any) -> Any:
    """``made``, now interned under ``key``; or what was interned there before."""
    return _young.setdefault(key, made)


def remembered(function: Function) -> Function:
    """``function`` of two hashable arguments, its results kept for one generation, unless their ``weight``
    is large."""
    memo: dict[Any, Any] = {}
    _memos.append(memo)

    @wraps(function)
    def ask(a: Any, b: Any) -> Any:
        try:
            return memo[a, b]
        except KeyError:
            pass
        result = function(a, b)
        if len(memo) >= GENERATION or len(_young) >= GENERATION:
            forget()
        if getattr(result, "weight", 0) <= HEAVY:
            memo[a, b] = result
        return result
    return ask  # type: ignore[return-value]


def forget() -> None:
    """End a generation."""
    _old.update((key, weakref.ref(made)) for key, made in _young.items())
    for table in (_young, *_memos):
        table.clear()
    while _drop_dead():  # a key may have been the last to hold another object
        continue


def _drop_dead() -> int:
    dead = [key for key, reference in _old.items() if reference() is None]
    for key in dead:
        del _old[key]
    return len(dead)
