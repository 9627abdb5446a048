"""Pictures in every format: they can be read by what they are for, and a name is never more than a name."""
from __future__ import annotations

import re
import shutil
import subprocess
from xml.etree import ElementTree

import pytest
from onnx import TensorProto, helper

from archcheck import analyze
from archcheck.drawing.draw import FORMATS, drawn
from archcheck.drawing.folding import picture
from archcheck.drawing.look import look_for
from archcheck.errors import UserError
from archcheck.report import Report
from tests._pictures import faults

TEXTS = ("svg", "dot", "mmd", "tex", "html")
HOSTILE = (
    "<script>alert(1)</script>", 'quote"onload="alert(1)', "]]>&amp;<!--",
    "\\end{document}\\input{/etc/passwd}",
    'x"] --> y["', "end", "click n0 call alert()", "%%{init: {}}%%", "\u202eright to left\u202c",
    "a\nb\x00c\x1b[31m",
    "{rank=same}", "long " * 2000, "学习🙂", "#quot;", "$x^2$~_&%#", "`rm -rf`", "<B>bold</B>",
    "\\immediate\\write18{touch x}", "^^5cinput x", "\\catcode`\\@=0", "\\directlua{os.exit()}",
    "--- ,, é ß α", "]",
)


def hostile() -> Report:
    """A chain of nodes with names that mean something in some format."""
    nodes = [helper.make_node("Relu", [f"v{k}"], [f"v{k + 1}"], name=name) for k, name in enumerate(HOSTILE)]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3])
            for name in ("v0", f"v{len(nodes)}")]
    graph = helper.make_graph(nodes, HOSTILE[0], ends[:1], ends[1:])
    return analyze(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]))


def made(report: Report, form: str, **look: object) -> str:
    found = picture(report, fold="none" if report.graph.name == HOSTILE[0] else "auto")
    return drawn(found, look_for(report, found, **look), form).decode()


# ------------------------------------------------------------------------------------------------ well formed
@pytest.mark.parametrize("style", ["paper", "debug", "plain"])
def test_svg_and_html_hold_no_code_whatever_the_names(style: str):
    svg = made(hostile(), "svg", style=style)
    tree = ElementTree.fromstring(svg)
    tags = {element.tag.rsplit("}", 1)[-1] for element in tree.iter()}
    assert tags <= {"svg", "title", "defs", "marker", "path", "rect", "g", "text"}
    names = {name for element in tree.iter() for name in element.attrib}
    assert not any(name.lower().startswith("on") or "href" in name for name in names)
    html = made(hostile(), "html", style=style)
    assert "<script" not in html and "default-src 'none'" in html


def test_names_are_shown_as_they_are():
    texts = {element.text for element in ElementTree.fromstring(made(hostile(), "svg", style="debug")).iter()}
    assert "<script>alert(1)</script>" in texts
    assert "学习🙂" in texts


def test_hostile_names_break_no_geometry():
    from archcheck.drawing.layout import place
    report = hostile()
    found = picture(report, fold="none")
    assert faults(place(found, look_for(report, found, "debug"))) == []


STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
MERMAID = re.compile(
    r'flowchart (TB|LR)|[nk]\d+(\(\[|\[\[|\[)"[^"]*"(\]\)|\]\]|\])|'
    r'subgraph (n\d+|legend) \["[^"]*"\]|end|direction (TB|LR)|style legend fill:none,stroke:none|'
    r'n\d+ -->(\|"[^"]*"\|)? n\d+|classDef \w+ fill:#\w+,stroke:#\w+,color:#\w+|'
    r'class [nk]\d+(,[nk]\d+)* \w+')


@pytest.mark.parametrize("name", ["hostile", "unet", "googlenet", "transformer_encoder"])
def test_mermaid_keeps_to_its_grammar(name: str):
    text = made(hostile() if name == "hostile" else analyze(f"specs:{name}"), "mmd", style="debug")
    lines = [line.strip() for line in text.splitlines()]
    assert [line for line in lines if not MERMAID.fullmatch(line)] == []
    begins = sum(line.startswith("subgraph") for line in lines)
    assert begins == lines.count("end")
    labels = "".join(re.findall(r'"([^"]*)"', text)).replace("<br/>", "")
    assert not set(labels) & set("<>&\\`[]{}()|'")


@pytest.mark.parametrize("name", ["hostile", "unet", "googlenet", "transformer_encoder"])
def test_tex_is_balanced_and_escaped(name: str):
    text = made(hostile() if name == "hostile" else analyze(f"specs:{name}"), "tex", style="debug")
    plain = re.sub(r"\\[\\{}$&#%_]", "", text)
    depth = 0
    for character in plain:
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0
    assert text.count("\\begin{document}") == text.count("\\end{document}") == 1
    assert plain.count("$") % 2 == 0
    body = plain[plain.index("\\begin{document}"):]
    assert not re.search(r"(?<!\\)[%#&]|\\(input|write|catcode|immediate|csname|directlua)|\^\^", body)


def test_dot_is_read_by_graphviz():
    if shutil.which("dot") is None:
        pytest.skip("Graphviz is not installed (apt install graphviz)")
    for report in (hostile(), analyze("specs:unet")):
        text = made(report, "dot", style="debug")
        run = subprocess.run(["dot", "-Tsvg"], input=text.encode(), capture_output=True, timeout=60,
                             check=False)
        assert run.returncode == 0 and b"syntax error" not in run.stderr
        titles = [element.text for element in ElementTree.fromstring(run.stdout).iter()
                  if element.tag.endswith("text")]
        assert titles


@pytest.mark.parametrize(("form", "label"), [("dot", r'">([^<]*)</FONT>'), ("mmd", r'n\d+\["([^"]*)"\]')])
def test_long_names_are_cut(form: str, label: str):
    texts = [text for text in re.findall(label, made(hostile(), form, style="debug")) if "long" in text]
    assert [len(text) < 100 for text in texts] == [True]


@pytest.mark.parametrize("colour", ["op", "params", "findings"])
def test_texts_have_a_legend(colour: str):
    report = analyze("specs:lenet5")
    found = picture(report)
    look = look_for(report, found, colour=colour)
    dot, mermaid = (drawn(found, look, form).decode() for form in ("dot", "mmd"))
    assert look.legend
    assert all(f">{told.replace('>', '&gt;')}</FONT>" in dot for told, _ in look.legend)
    members = dict(re.findall(r"class ([\w,]+) (\w+)", mermaid))
    for k, (told, tone) in enumerate(look.legend):
        assert f'k{k}["{told}"]' in re.sub(r"#(\d+);", lambda found: chr(int(found[1])), mermaid)
        assert [name for ids, name in members.items() if f"k{k}" in ids.split(",")] == [tone]


def test_dot_is_balanced():
    for report in (hostile(), analyze("specs:unet")):
        bare = re.sub(r"<.*?>(?=[,;])", "", STRING.sub('""', made(report, "dot")))
        assert bare.count("{") == bare.count("}")


# ----------------------------------------------------------------------------------------------- as asked for
@pytest.mark.parametrize("form", TEXTS)
def test_the_bytes_are_the_same_every_time(form: str):
    report = analyze("specs:googlenet")
    assert made(report, form) == made(analyze("specs:googlenet"), form)
    assert report is not None


@pytest.mark.parametrize("colour", ["op", "cost", "params", "memory", "field", "findings"])
def test_every_colour_has_a_legend(colour: str):
    for model in ("specs:lenet5", "specs:transformer_encoder"):
        report = analyze(model)
        found = picture(report)
        look = look_for(report, found, colour=colour)
        assert look.legend
        used = {look.key(box) for box in found.shown()
                if box.family not in ("input", "output") and box.id not in found.open}
        assert used <= {tone for _, tone in look.legend}


def test_the_darkest_box_does_most():
    """Of AlexNet's parameters, fc6 has 37.75 million of 62.38 (Krizhevsky et al., 2012)."""
    report = analyze("specs:alexnet")
    found = picture(report)
    look = look_for(report, found, colour="params")
    assert look.legend is not None
    darkest = look.legend[-1][1]
    assert [box.name for box in found.shown() if look.key(box) == darkest] == ["fc6"]


def test_to_scale_is_to_scale():
    """LeNet-5: 6 maps of 28 × 28 and 16 of 10 × 10."""
    report = analyze("specs:lenet5")
    extents = look_for(report, picture(report), to_scale=True).extents
    (wide1, high1), (wide3, high3) = extents["C1"], extents["C3"]
    assert wide3 / wide1 == pytest.approx(16 / 6)
    assert high3 / high1 == pytest.approx(10 / 28)


def test_another_format_is_refused():
    report = analyze("specs:lenet5")
    found = picture(report)
    with pytest.raises(UserError, match="svg"):
        drawn(found, look_for(report, found), "jpeg")
    assert set(TEXTS) < set(FORMATS)
