"""What a file says of itself."""
from __future__ import annotations

from archcheck.rules._case import Case
from archcheck.rules._rule import ADVICE, Fault, Faults, rule

LICENCE = frozenset(("license", "licence", "spdx", "license_name", "licence_name"))
DESCRIPTION = frozenset(("description", "model_description", "summary", "about"))


@rule("DOC001", "no-model-metadata", severity=ADVICE, on=False)
def no_model_metadata(case: Case) -> Faults:
    """The file does not say what it is: who made it, under which licence, for what.

    A model outlives the mail that it came with. ``producer_name``, ``doc_string`` and ``metadata_props`` are
    where a file can say this itself.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y) { y = Relu (x) }

    Good::

        <ir_version: 8, opset_import: ["" : 17], producer_name: "trainer",
         metadata_props: ["license" : "MIT", "description" : "Tells cats from dogs."]>
        g (float[N, 4] x) => (float[N, 4] y) { y = Relu (x) }
    """
    graph = case.graph
    keys = {key.lower().replace("-", "_") for key in graph.metadata}
    lacks = [what for what, is_there in (
        ("producer", graph.producer), ("licence", keys & LICENCE),
        ("description", graph.doc or keys & DESCRIPTION)) if not is_there]
    if graph.ir_version and lacks:
        yield Fault(f"the file names no {' and no '.join(lacks)}", fix="write it into producer_name, "
                    "doc_string and metadata_props", facts={"lacks": lacks})
