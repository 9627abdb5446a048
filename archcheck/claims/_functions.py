"""The functions that claims may use, each registered under its own name."""
from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from archcheck.claims._parts import Part

if TYPE_CHECKING:
    from archcheck.claims._running import Runner


class Function(NamedTuple):
    """A function of the claims' language; ``of_part`` tells that it is one of a part of a network, ``runs``
    that it runs that part, with the `archcheck.claims._running.Runner` that it takes before all else."""

    name: str
    apply: Callable[..., Any]
    of_part: bool
    runs: bool = False

    @property
    def parameters(self) -> list[inspect.Parameter]:
        """What it takes, as claims write it."""
        return list(inspect.signature(self.apply).parameters.values())[self.runs:]

    def arity(self) -> tuple[int, int]:
        """The least and the largest number of its arguments."""
        least = sum(parameter.default is parameter.empty and parameter.kind is not parameter.VAR_POSITIONAL
                    for parameter in self.parameters)
        if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in self.parameters):
            return max(least, 1), 64
        return least, len(self.parameters)


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


def executed(apply: Apply) -> Apply:
    """Register a function that runs the part of a network which is its second argument, after the runner."""
    name = apply.__name__.rstrip("_")
    FUNCTIONS[name] = Function(name, apply, True, True)
    return apply


def called(name: str, arguments: list[Any], runner: Runner | None = None) -> Any:
    """The function ``name`` of ``arguments``, with a ``runner`` where it is one that runs. Raises
    `ValueError`, and `NotKnown`."""
    found = FUNCTIONS[name]
    if found.of_part and not isinstance(arguments[0], Part):
        raise ValueError(f"{name} takes a network, a layer or a scope first")
    if found.runs and runner is None:
        raise ValueError(f"{name} runs a network, which is only done under 'execute'")
    try:
        return found.apply(*[runner] * found.runs, *arguments)
    except (TypeError, AttributeError, IndexError, OverflowError):
        raise ValueError(f"{name} cannot be taken of this: {described(found)}") from None


def described(found: Function) -> str:
    """A function in one line: how it is called, and the first sentence of what it is."""
    parameters = ", ".join(parameter.name for parameter in found.parameters)
    text = (inspect.getdoc(found.apply) or "").replace("\n", " ").replace("``", "")
    return f"{found.name}({parameters}): {text}"
