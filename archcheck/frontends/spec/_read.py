"""From a YAML document to a `Specification`: which keys there are, and what may stand under them."""
from __future__ import annotations

import re
from collections.abc import Iterator

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from archcheck.dtypes import BITS
from archcheck.frontends.spec._chain import NAME, arguments, chain, names, pattern
from archcheck.frontends.spec._document import ARITY, Document, Field, Text, is_nothing
from archcheck.frontends.spec._sizes import pieces
from archcheck.frontends.spec._tree import (
    Arg,
    Argument,
    Block,
    Branch,
    Call,
    Choice,
    Each,
    Group,
    Input,
    Items,
    Join,
    Parameter,
    Repeat,
    Specification,
    Step,
    Steps,
    Written,
)

KEYS = ("name", "about", "params", "input", "inputs", "constants", "defaults", "blocks", "layers", "pattern",
        "with", "output", "outputs", "claims")
WITH = ("filters", "units", "classes", "optional", "conv", "pool")
"""What may be said with a pattern, besides how often its parts are repeated."""

BESIDE = ("name", "from", "do", "rows", "then", "else", "axis")
"""What may stand beside a layer's own key."""

_SIGNATURE = re.compile(r"([^\W\d]\w*)\s*(?:\((.*)\))?\s*\Z", re.DOTALL)
_PARAMETER = re.compile(r"([^\W\d]\w*)\s*(?:=\s*(.+))?\Z", re.DOTALL)


def specification(document: Document) -> Specification:
    """All of a document. Raises `SpecError` at the first thing that is wrong."""
    return _Reader(document).whole()


class _Reader:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.error = document.error

    def whole(self) -> Specification:
        root = self.document.root
        fields = self.document.fields(root, KEYS, "a specification")
        if not {"layers", "pattern"} & fields.keys():
            raise self.error(root, "a specification has 'layers', or a 'pattern'; this has neither")
        inputs = tuple(self.inputs(fields))
        if not inputs:
            raise self.error(root, "a specification has an 'input', such as 'input: N=1 x 3 x 224 x 224'")
        steps = self.steps_of(fields)
        pattern = self.pattern(fields, steps)
        blocks = {block.name.value: block for block in self.blocks(fields)}
        self.no_recursion(blocks)
        counts = {name: field for name, field in (pattern or {}).items() if name not in WITH}
        params = {**self.mapping(fields, "params"), **counts}
        return Specification(
            self.document, self.text(fields, "name"), self.text(fields, "about"), inputs,
            steps, blocks, params, self.mapping(fields, "constants"),
            self.defaults(fields), tuple(self.outputs(fields)), pattern)

    def text(self, fields: dict[str, Field], key: str) -> str:
        return self.document.scalar(fields[key].node, f"the {key}").value if key in fields else ""

    def mapping(self, fields: dict[str, Field], key: str) -> dict[str, Field]:
        if key not in fields or is_nothing(fields[key].node):
            return {}
        found = list(self.document.entries(fields[key].node, f"'{key}'"))
        for field in found:
            if not NAME.fullmatch(field.key.value):
                raise self.error(field.key, f"{field.key.value!r} is no name; a name is letters, digits, _")
        return {field.key.value: field for field in found}

    # ------------------------------------------------------------------------------- inputs and outputs
    def inputs(self, fields: dict[str, Field]) -> Iterator[Input]:
        if "input" in fields:
            yield self.input(Text("input", fields["input"].key.node), fields["input"].node)
        for field in self.mapping(fields, "inputs").values():
            yield self.input(field.key, field.node)

    def input(self, name: Text, node: Node) -> Input:
        """``N x 3 x 224 x 224``, with a dtype in front or without; or a list of sizes."""
        if isinstance(node, SequenceNode):
            items = tuple(self.document.scalar(item, "a size of an input") for item in node.value)
            return Input(name, "float32", items)
        text = self.document.scalar(node, f"the shape of {name.value!r}")
        dtype, _, rest = text.value.partition(" ")
        if dtype in BITS and dtype not in ("x", "×"):
            return Input(name, dtype, pieces(text.part(len(dtype))) if rest else ())
        return Input(name, "float32", pieces(text))

    def outputs(self, fields: dict[str, Field]) -> Iterator[Text]:
        for key in ("output", "outputs"):
            if key in fields:
                yield from self.names(fields[key].node, f"'{key}'")

    def names(self, node: Node, what: str) -> tuple[Text, ...]:
        """A name, several in one text, or a list of names."""
        nodes = node.value if isinstance(node, SequenceNode) else [node]
        found = [names(self.document, self.document.scalar(item, what)) for item in nodes]
        return tuple(name for several in found for name in several)

    # ------------------------------------------------------------------------------------------- blocks
    def blocks(self, fields: dict[str, Field]) -> Iterator[Block]:
        if "blocks" not in fields:
            return
        for field in self.document.entries(fields["blocks"].node, "'blocks'"):
            found = _SIGNATURE.match(field.key.value)
            if not found:
                raise self.error(field.key, "a block is a name with its parameters, as in "
                                            "'unit(filters, stride=1):'")
            name = field.key.part(0, found.end(1))
            inside = field.key.part(found.start(2), found.end(2)) if found[2] else None
            yield Block(name, tuple(self.parameters(inside)) if inside else (),
                        self.steps(field.node, f"the block {name.value!r}"))

    def parameters(self, text: Text) -> Iterator[Parameter]:
        seen = set()
        for part in self.commas(text):
            found = _PARAMETER.match(part.value)
            if not found or found[1] in seen:
                raise self.error(part, f"{found[1]!r} is there twice" if found else
                                 "a parameter is a name, or a name and a default, as in 'stride=1'")
            seen.add(found[1])
            yield Parameter(part.part(0, found.end(1)), part.part(found.start(2)) if found[2] else None)

    def commas(self, text: Text) -> Iterator[Text]:
        begin = depth = 0
        for at, letter in enumerate(text.value):
            depth += (letter in "([") - (letter in ")]")
            if letter == "," and not depth:
                yield text.part(begin, at)
                begin = at + 1
        yield text.part(begin)

    def no_recursion(self, blocks: dict[str, Block]) -> None:
        """Blocks may be made of blocks, but not of themselves."""
        done: set[str] = set()

        def visit(name: str, path: tuple[str, ...]) -> None:
            for call in _calls(blocks[name].body):
                inner = call.kind.value
                if inner in (*path, name):
                    way = " -> ".join([*(*path, name)[(*path, name).index(inner):], inner])
                    raise self.error(call.kind, f"a block cannot be made of itself ({way})")
                if inner in blocks and inner not in done:
                    visit(inner, (*path, name))
            done.add(name)

        for name in blocks:
            if name not in done:
                visit(name, ())

    def defaults(self, fields: dict[str, Field]) -> dict[Text, tuple[Arg, ...]]:
        found = self.mapping(fields, "defaults")
        return {field.key: args_of(self.document, field.node, name) for name, field in found.items()}

    # -------------------------------------------------------------------------------------------- steps
    def pattern(self, fields: dict[str, Field], steps: Steps) -> dict[str, Field] | None:
        """What is said with a pattern: the defaults of its words, and how often its parts are repeated."""
        if "pattern" not in fields:
            if "with" in fields:
                raise self.error(fields["with"].key, "'with' belongs to a 'pattern', and there is none")
            return None
        if "layers" in fields:
            raise self.error(fields["pattern"].key, "there are 'layers' already; keep them or the 'pattern'")
        if "with" not in fields:
            return {}
        return self.document.fields(fields["with"].node, (*WITH, *_counts(steps)), "'with'")

    def steps_of(self, fields: dict[str, Field]) -> Steps:
        if "pattern" in fields:
            return pattern(self.document, self.document.scalar(fields["pattern"].node, "'pattern'"))
        return self.steps(fields["layers"].node, "'layers'")

    def steps(self, node: Node, what: str) -> Steps:
        """A line of layers, or a list of such lines and of layers with more to them."""
        if is_nothing(node):
            raise self.error(node, f"{what} should be a list of layers, and is empty")
        if isinstance(node, ScalarNode):
            return chain(self.document, Text(node.value, node).part(0))
        if isinstance(node, MappingNode):
            return (self.step(node),)
        return tuple(step for item in self.document.items(node, what) for step in self.item(item))

    def item(self, node: Node) -> Steps:
        if is_nothing(node):
            raise self.error(node, "there is a '-' without a layer; write one behind it, or indent what "
                                   "is below")
        if isinstance(node, ScalarNode):
            return chain(self.document, Text(node.value, node).part(0))
        if isinstance(node, SequenceNode):
            raise self.error(node, "a list cannot stand for a layer; put text that begins with [ into quotes")
        return (self.step(node),)

    def step(self, node: Node) -> Step:
        """A layer written as a mapping: its own key, and what stands beside it."""
        entries = {field.key.value: field for field in self.document.entries(node, "a layer")}
        own = [field for key, field in entries.items() if key not in BESIDE]
        if not own:
            return self.beginning(node, entries)
        if len(own) > 1:
            first, second = own[0].key.value, own[1].key
            raise self.error(second, f"{second.value!r} stands beside {first!r}, a layer of its own; begin a "
                                     f"new item with '- ', or indent it below {first!r}")
        special = {"repeat": self.repeat, "each": self.each, "if": self.choice}
        return special.get(own[0].key.value, self.layer)(own[0], entries)

    def beginning(self, node: Node, entries: dict[str, Field]) -> Step:
        if set(entries) == {"from"}:
            return chain(self.document, self.document.scalar(entries["from"].node, "'from'")._replace(
                value="from " + self.document.scalar(entries["from"].node, "'from'").value))[0]
        raise self.error(node, "a layer is missing here: there is only " + ", ".join(map(repr, entries)))

    def only(self, field: Field, entries: dict[str, Field], *allowed: str) -> None:
        for key, entry in entries.items():
            if key in BESIDE and key not in allowed:
                raise self.error(entry.key, f"{key!r} does not belong to {field.key.value!r}")

    def named(self, entries: dict[str, Field]) -> Text | None:
        found = self.names(entries["name"].node, "'name'") if "name" in entries else ()
        return found[0] if found else None

    def body(self, field: Field, entries: dict[str, Field], key: str) -> Steps:
        if key not in entries:
            raise self.error(field.key, f"{field.key.value!r} needs a list of layers under {key!r} beside it")
        return self.steps(entries[key].node, f"{key!r}")

    def repeat(self, field: Field, entries: dict[str, Field]) -> Step:
        self.only(field, entries, "do", "name")
        times = self.document.scalar(field.node, "'repeat'")
        return Repeat(field.key, times, self.body(field, entries, "do"), self.named(entries))

    def each(self, field: Field, entries: dict[str, Field]) -> Step:
        self.only(field, entries, "rows", "do", "name")
        variables = self.names(field.node, "'each'")
        if "rows" not in entries:
            raise self.error(field.key, "'each' needs 'rows' beside it: a list with the values of its names")
        rows = [(self.row(node), node) for node in self.document.items(entries["rows"].node, "'rows'")]
        for row, node in rows:
            if len(row) != len(variables):
                raise self.error(node, f"this row has {len(row)} values, and {len(variables)} names are "
                                       "given: " + ", ".join(name.value for name in variables), ARITY)
        body = self.body(field, entries, "do")
        return Each(field.key, variables, tuple(row for row, _ in rows), body, self.named(entries))

    def row(self, node: Node) -> tuple[Argument, ...]:
        if isinstance(node, SequenceNode):
            return tuple(argument_of(self.document, item) for item in node.value)
        return tuple(arg.value for arg in arguments(self.document, self.document.scalar(node, "a row")))

    def choice(self, field: Field, entries: dict[str, Field]) -> Step:
        self.only(field, entries, "then", "else")
        other = self.steps(entries["else"].node, "'else'") if "else" in entries else ()
        condition = self.document.scalar(field.node, "a condition")
        return Choice(condition, self.body(field, entries, "then"), other)

    def layer(self, field: Field, entries: dict[str, Field]) -> Step:
        """A layer, with branches or without."""
        if not NAME.fullmatch(field.key.value):
            raise self.error(field.key, f"{field.key.value!r} is no layer; in this form only its name "
                                        "stands before the colon")
        sources = self.names(entries["from"].node, "'from'") if "from" in entries else ()
        named = self.names(entries["name"].node, "'name'") if "name" in entries else ()
        if _branches(field):
            self.only(field, entries, "name", "from", "axis")
            nodes = [entries["axis"].node] if "axis" in entries else []
            args = tuple(Arg("axis", argument_of(self.document, node), node) for node in nodes)
            return Join(Call(field.key, args, named, sources), tuple(self.branches(field.node)))
        self.only(field, entries, "name", "from")
        return Call(field.key, args_of(self.document, field.node, field.key.value), named, sources)

    def branches(self, node: Node) -> Iterator[Branch]:
        if isinstance(node, MappingNode):
            for field in self.document.entries(node, "branches"):
                yield Branch(names(self.document, field.key)[0], self.steps(field.node, "a branch"))
        else:
            for item in node.value:
                yield Branch(None, self.steps(item, "a branch"))


def args_of(document: Document, node: Node, what: str) -> tuple[Arg, ...]:
    """The arguments of a layer: in one text, by name, or one after the other."""
    if is_nothing(node):
        return ()
    if isinstance(node, ScalarNode):
        return arguments(document, Text(node.value, node).part(0))
    if isinstance(node, MappingNode):
        return tuple(Arg(field.key.value, argument_of(document, field.node), field.key)
                     for field in document.entries(node, f"{what!r}"))
    return tuple(Arg(None, argument_of(document, item), item) for item in node.value)


def argument_of(document: Document, node: Node) -> Written:
    """A value as an argument: a text, or a list of such."""
    if isinstance(node, SequenceNode):
        return Items(tuple(argument_of(document, item) for item in node.value), node)
    return document.scalar(node, "an argument").part(0)


JOINS = ("concat", "add", "mul", "sub", "div", "max", "min", "mean")
"""The layers that may join branches."""


def _branches(field: Field) -> bool:
    """Whether the value of a layer's key is branches: a list, or a mapping of names to them."""
    if field.key.value not in JOINS:
        return False
    return isinstance(field.node, SequenceNode) or isinstance(field.node, MappingNode) and not (
        {key.value for key, _ in field.node.value} <= {"axis"})


def _counts(steps: Steps) -> Iterator[str]:
    """The names in what says how often the parts of a pattern are repeated."""
    for step in steps:
        if isinstance(step, Repeat):
            yield from re.findall(NAME, step.times.value)
        if isinstance(step, (Repeat, Group)):
            yield from _counts(step.body)


def _calls(steps: Steps) -> Iterator[Call]:
    """Every call in ``steps``, those in branches and repeats too."""
    for step in steps:
        if isinstance(step, Call):
            yield step
        elif isinstance(step, (Repeat, Group, Each)):
            yield from _calls(step.body)
        elif isinstance(step, Join):
            yield from (call for branch in step.branches for call in _calls(branch.body))
        elif isinstance(step, Choice):
            yield from _calls((*step.then, *step.other))
