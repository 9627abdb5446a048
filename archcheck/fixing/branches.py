"""The fix of an If whose condition is always the same."""
from __future__ import annotations

from typing import Any

from archcheck.fixing._edit import Declined, Edit, fix
from archcheck.fixing._scene import bodies, node, rename
from archcheck.frontends._proto import schema
from archcheck.rules._rule import Fault


@fix("GRA008")
def inline_branch(edit: Edit, fault: Fault) -> None:
    """The nodes of the branch that runs in the place of the If, its weights among those around it."""
    edit.require_apart()
    scene, index = edit.at(fault.site)
    assert fault.site is not None
    taken, outer = next(iter(fault.site.effect.runs[0])), scene.nodes[index]
    branch = schema().GraphProto()
    branch.CopyFrom(next(body for name, _, body in bodies(outer) if name == taken))
    if branch.quantization_annotation:
        raise Declined("the branch has annotations for quantization")
    pairs = [(value.name, name) for value, name in zip(branch.output, outer.output) if name]
    names = _names(edit, branch, pairs)
    _renamed(branch, names)
    copies = [node("Identity", [names.get(inner, inner)], [name], edit.fresh(f"{outer.name}_{name}"))
              for inner, name in pairs if names.get(inner) != name]
    scene.put(index, *branch.node, *copies)
    scene.proto.initializer.extend(branch.initializer)
    scene.proto.sparse_initializer.extend(branch.sparse_initializer)


def _names(edit: Edit, branch: Any, pairs: list[tuple[str, str]]) -> dict[str, str]:
    """What the values of a branch are called outside it: as the outputs of the If that they are, and apart
    from what is called the same elsewhere."""
    made = [name for one in branch.node for name in one.output if name]
    stored = [*(tensor.name for tensor in branch.initializer),
              *(tensor.values.name for tensor in branch.sparse_initializer)]
    handed = {inner: name for inner, name in reversed(pairs) if inner in set(made)}
    return {name: handed[name] if name in handed else edit.fresh(name)
            for name in (*made, *stored) if name in handed or edit.makers[name] > 1}


def _renamed(branch: Any, names: dict[str, str]) -> None:
    """Call the values of a branch by other names."""
    rename(branch, names)
    for one in branch.node:
        one.output[:] = [names.get(name, name) for name in one.output]
    for tensor in (*branch.initializer, *(sparse.values for sparse in branch.sparse_initializer)):
        tensor.name = names.get(tensor.name, tensor.name)
