"""Where a node stands in the program that it was exported from: module, classes, source line.

PyTorch's newer exporter leaves this in a node's metadata. Others write the path of the module into the node's
name, TorchScript's also into that of its first output; optimizers keep one of the two.
"""
from __future__ import annotations

import ast
import re
from typing import NamedTuple

from archcheck.graph import Node

MAX_TEXT = 1 << 16
"""Longer metadata is not looked into."""

FILE, LINE, COLUMN = "archcheck.file", "archcheck.line", "archcheck.column"
"""Where the metadata of a node keep its place in a specification."""

_NAMESPACE = "namespace"
_NAME_SCOPES = "pkg.torch.onnx.name_scopes"
_CLASSES = "pkg.torch.onnx.class_hierarchy"
_STACK_TRACE = "pkg.torch.onnx.stack_trace"
_NO_MODULE = "_empty_nn_module_stack_from_metadata_hook"
_WRAPPER = re.compile(r"(Stateful)?PartitionedCall(_\d+)?")
_FRAME = re.compile(r'^\s*File "([^"\n]+)", line (\d+)|^([^\s(][^\n(]*)\((\d+)\): ', re.MULTILINE)
_LIBRARY = re.compile(r"[/\\](site-packages|dist-packages)[/\\]|[/\\]torch[/\\](nn|_\w+|functional\.py)")


class SourceLine(NamedTuple):
    """A line of the program that a network was exported from, or of the specification that it was built from;
    lines and columns count from 1. The column is None where it is not known."""

    file: str
    line: int
    column: int | None = None


def scope(node: Node) -> tuple[str, ...]:
    """The path of the module that a node belongs to, outermost first, as ``("layer1", "0", "conv1")``; empty
    for a node that belongs to the whole network, or of which nothing is known."""
    metadata = node.metadata
    if _NAMESPACE in metadata:
        return _module_path(_modules(metadata[_NAMESPACE])[-2:-1])
    if _NAME_SCOPES in metadata:
        return _module_path(_strings(metadata[_NAME_SCOPES])[-2:-1])
    first = node.outputs[0] if node.outputs else ""
    return _path_in(node.name) or (_torch_path(first) if first.startswith("/") else ())


def classes(node: Node) -> tuple[str, ...]:
    """The classes of the modules around a node, outermost first, as far as the exporter left them."""
    if _CLASSES in node.metadata:
        return _strings(node.metadata[_CLASSES])[:-1]
    entries = node.metadata.get(_NAMESPACE, "")[:MAX_TEXT].split("/")[:-1]
    return tuple(name for entry in entries if (name := entry.partition(": ")[2]))


def modules(node: Node) -> dict[tuple[str, ...], str]:
    """The path of each module around a node, as `scope` has them, to the name of its class, without its
    package."""
    if _NAMESPACE in node.metadata:
        found = node.metadata[_NAMESPACE][:MAX_TEXT].split("/")[:-1]
        entries = [entry.partition(": ")[::2] for entry in found]
    elif _CLASSES not in node.metadata:
        return {}
    else:
        names, titles = (_strings(node.metadata.get(key, "")) for key in (_NAME_SCOPES, _CLASSES))
        entries = list(zip(names, titles[:-1]))
    return {_module_path((name,)): title.rpartition(".")[2] for name, title in entries}


def source_line(node: Node) -> SourceLine | None:
    """The line of the specification, or of the program, that made a node: the innermost one that is not in a
    library, where there is one."""
    place = specified(node)
    if place is not None:
        return place
    found = _frames(node.metadata.get(_STACK_TRACE) or node.doc)
    own = [frame for frame in found if not _LIBRARY.search(frame.file)]
    return next(iter(own or found), None)


def specified(node: Node) -> SourceLine | None:
    """The place in the specification that a node was built from, None for a node of another origin."""
    metadata = node.metadata
    if LINE not in metadata or FILE not in metadata:
        return None
    line, column = metadata[LINE], metadata.get(COLUMN, "")
    if not line.isdecimal():
        return None
    return SourceLine(metadata[FILE], int(line), int(column) if column.isdecimal() else None)


def namespaced(node: Node) -> dict[str, str]:
    """The entry of a node's metadata that tells its scope, as PyTorch's exporter writes it, for a node that
    was built from a specification; none for others, which keep theirs."""
    path = scope(node) if specified(node) and _NAMESPACE not in node.metadata else ()
    if not path:
        return {}
    modules = [".".join(path[:depth]) for depth in range(1, len(path) + 1)]
    return {_NAMESPACE: "/".join([*(f"{name}: " for name in modules), f"{node.name}: {node.op}"])}


def _module_path(innermost: tuple[str, ...]) -> tuple[str, ...]:
    """The parts of a dotted module name; those of no name are none."""
    return tuple(part for name in innermost if name != _NO_MODULE for part in name.split(".") if part)


def _modules(namespace: str) -> tuple[str, ...]:
    """The names in ``name: class/name: class/…``."""
    return tuple(entry.partition(":")[0] for entry in namespace[:MAX_TEXT].split("/"))


def _strings(text: str) -> tuple[str, ...]:
    """The strings of a Python list written as text; none where it is something else."""
    try:
        found = ast.literal_eval(text) if len(text) <= MAX_TEXT else ()
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return ()
    return tuple(map(str, found)) if isinstance(found, (list, tuple)) else ()


def _path_in(name: str) -> tuple[str, ...]:
    """The module path that a node's or value's name begins with; its last part names the operator."""
    name = name.partition(";")[0]
    if name.startswith("/"):
        return _torch_path(name)
    if "/" in name:
        return tuple(part for part in name.split("/")[:-1] if part and not _WRAPPER.fullmatch(part))
    *parts, last = name.split(".")
    return tuple(parts) if all(parts) and not last.isdigit() else ()


def _torch_path(name: str) -> tuple[str, ...]:
    """``/layer1/layer1.0/layer1.0.conv1/Conv`` as ``layer1``, ``0``, ``conv1``: a child repeats its parent's
    name."""
    parts = name.strip("/").split("/")
    if parts[-1].endswith("Fusion"):
        del parts[-1]
    path: list[str] = []
    for parent, child in zip(["", *parts], parts[:-1]):
        path += child.removeprefix(f"{parent}.").split(".")
    return tuple(filter(None, path))


def _frames(trace: str) -> list[SourceLine]:
    """The frames of a Python stack trace, innermost first. Newer traces list the outermost first."""
    matches = list(_FRAME.finditer(trace[:MAX_TEXT]))
    frames = [SourceLine(match[1] or match[3], int(match[2] or match[4])) for match in matches]
    return frames[::-1] if matches and matches[0][1] else frames
