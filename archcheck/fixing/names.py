"""Fixes of names."""
from __future__ import annotations

from collections import Counter

from archcheck.fixing._edit import Edit, fix
from archcheck.rules._rule import Fault


@fix("ONX015")
def name_apart(edit: Edit, fault: Fault) -> None:
    """A number behind each name but the first."""
    for scene in edit.scenes.values():
        seen = Counter[str]()
        for node, proto in zip(scene.graph.nodes, scene.nodes):
            seen[node.name] += 1
            if seen[node.name] > 1:
                proto.name = edit.fresh(node.name)


@fix("ONX016")
def name_all(edit: Edit, fault: Fault) -> None:
    """The names by which reports call the nodes: operator and place in the file."""
    for scene in edit.scenes.values():
        for node, proto in zip(scene.graph.nodes, scene.nodes):
            proto.name = node.name
