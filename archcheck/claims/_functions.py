"""The functions that claims may use, each registered under its own name."""
from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from archcheck.claims._parts import Part


class Function(NamedTuple):
    """A function of the claims' language; ``of_part`` tells that it is one of a part of a network."""

    name: str
    apply: Callable[..., Any]
    of_part: bool

    def arity(self) -> tuple[int, int]:
        """The least and the largest number of its arguments."""
        parameters = list(inspect.signature(self.apply).parameters.values())
        if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
            return 1, 64
        return sum(parameter.default is parameter.empty for parameter in parameters), len(parameters)


Apply = TypeVar("Apply", bound=Callable[..., Any])
FUNCTIONS: dict[str, Function] = {}


def function(apply: Apply) -> Apply:
    """Register a function of numbers, texts and lists; a ``_`` at the end of its name is left out."""
    name = apply.__name__.rstrip("_")
    FUNCTIONS[name] = Function(name, apply, False)
    return apply


def figure(apply: Apply) -> Apply:
    """Register a function whose first argument is a part of a network."""
    name = apply.__name__.rstrip("_")
    FUNCTIONS[name] = Function(name, apply, True)
    return apply


def called(name: str, arguments: list[Any]) -> Any:
    """The function ``name`` of ``arguments``. Raises `ValueError`, and `NotKnown`."""
    found = FUNCTIONS[name]
    if found.of_part and not isinstance(arguments[0], Part):
        raise ValueError(f"{name} takes a network, a layer or a scope first")
    try:
        return found.apply(*arguments)
    except (TypeError, AttributeError, IndexError, OverflowError):
        raise ValueError(f"{name} cannot be taken of this: {described(found)}") from None


def described(found: Function) -> str:
    """A function in one line: how it is called, and the first sentence of what it is."""
    parameters = ", ".join(inspect.signature(found.apply).parameters)
    text = (inspect.getdoc(found.apply) or "").replace("\n", " ").replace("``", "")
    return f"{found.name}({parameters}): {text}"
