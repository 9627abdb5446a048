"""The HTML report in a real browser: what it shows, at sizes that people set, and that nothing gets out or
in."""
from __future__ import annotations

import json
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

import archcheck
from archcheck.claims import verify
from archcheck.dims import bcast, maximum, minimum, symbol
from archcheck.reporters.html import render
from archcheck.reporters.html.pool import Pool
from tests import _browser
from tests._nets import NETS
from tests.benchmarks.graphs import Builder

pytestmark = pytest.mark.skipif(_browser.found() is None,
                                reason="no Chromium is installed: apt-get install chromium brings it")

OVERLAPS = """(() => {
  const found = [];
  const rect = (group) => group.querySelector(':scope > rect:last-of-type').getBoundingClientRect();
  for (const group of document.querySelectorAll('#canvas g')) {
    const boxes = [...group.children].filter((one) => one.classList.contains('box'));
    boxes.forEach((one, k) => {
      const a = rect(one), outer = group.parentElement.classList.contains('box') && rect(group.parentElement);
      if (outer && (a.left < outer.left - 1 || a.right > outer.right + 1 || a.bottom > outer.bottom + 1 ||
          a.top < outer.top - 1)) found.push(['outside', one.ariaLabel]);
      for (const other of boxes.slice(k + 1)) {
        const b = rect(other);
        if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
          found.push([one.ariaLabel, other.ariaLabel]);
      }
    });
  }
  return found;
})()"""
"""Pairs of boxes that overlap, and boxes that reach out of the one around."""

OPEN_ALL = """(() => {
  const { model } = archcheck;
  model.open = new Set(model.boxes.map((box) => box.place).filter((k) => model.boxes[k].inside));
  model.tell('opened');
  return archcheck.graph.groups.size;
})()"""

ATTACK = "<img src=x onerror=window.hacked=1>"
BREAKOUT = "</script><script>window.hacked=2</script>"


@pytest.fixture(scope="module")
def browser() -> Iterator[_browser.Browser]:
    """One browser for all tests."""
    made = _browser.Browser()
    yield made
    made.close()


@pytest.fixture
def show(browser: _browser.Browser, tmp_path: Path) -> Iterator[Any]:
    """Opens the page of a report, or a page; in the end nothing may have been logged or asked for."""
    def opened(source: Any, at: str = "", outcomes: Any = ()) -> _browser.Browser:
        path = tmp_path / "report.html"
        page = source if isinstance(source, str) else render(source, outcomes)
        path.write_text(page, encoding="utf-8")
        browser.size(1280, 900)
        browser.open(path.as_uri() + at)
        return browser
    yield opened
    assert browser.complaints() == []
    assert {url.partition("#")[0] for url in browser.requests()} <= {(tmp_path / "report.html").as_uri()}


@cache
def spec(name: str) -> archcheck.Report:
    """What is known of a specification that ships."""
    return archcheck.analyze(f"specs:{name}")


def image_net() -> bytes:
    """A 7 × 7 convolution to 4 channels, no padding; then one of 3 × 3, dilated by 2."""
    net = Builder(x=["N", 1, "H", "W"])
    first = net.add("Conv", "x", net.weight(4, 1, 7, 7))
    return net.bytes(net.add("Conv", net.add("Relu", first), net.weight(2, 4, 3, 3), dilations=[2, 2]))


def text_of(page: _browser.Browser, selector: str) -> str:
    return page(f"document.querySelector({json.dumps(selector)}).innerText")


def put(page: _browser.Browser, name: str, value: int) -> None:
    """Type a size."""
    place = page(f"archcheck.model.data.symbols.findIndex((one) => one.name === {json.dumps(name)})")
    page(f"(() => {{ const e = document.getElementById('number-{place}'); e.value = '{value}'; "
         "e.dispatchEvent(new Event('input')); return new Promise(requestAnimationFrame).then(() => 1); })()")
    page("new Promise(requestAnimationFrame).then(() => 1)")


def card(page: _browser.Browser, label: str) -> str:
    return page("[...document.querySelectorAll('.card')].find((one) => one.querySelector('dt').textContent "
                f"=== {json.dumps(label)}).querySelector('dd').textContent")


# ------------------------------------------------------------------------------------------------- formulas
def random_size(rng: random.Random, depth: int) -> tuple[Any, Any]:
    """A size over A, B and C, and a function that works it out in plain Python; None where that divides by
    zero, or broadcasts what cannot be."""
    if depth == 0 or rng.random() < 0.15:
        if rng.random() < 0.3:
            number = rng.choice((0, 1, 2, 3, -5, 7, 1 << 60))
            return number, lambda at: number
        name = rng.choice("ABC")
        return symbol(name), lambda at: at[name]
    (a, f), (b, g) = random_size(rng, depth - 1), random_size(rng, depth - 1)
    kind = rng.choice(("+", "-", "*", "//", "min", "max", "bcast"))
    if kind == "//":
        by = rng.choice((2, 3, 7, -4, symbol("C") + 1))
        divisor = (lambda at: by) if isinstance(by, int) else (lambda at: at["C"] + 1)
        return a // by, lambda at: None if f(at) is None else f(at) // divisor(at)
    if kind == "bcast":
        name, other = rng.sample("AB", 2)
        return bcast(symbol(name), symbol(other)), lambda at: (
            at[other] if at[name] == 1 else at[name] if at[other] in (1, at[name]) else None)
    made = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "min": min, "max": max}
    sizes = {**made, "min": minimum, "max": maximum}

    def both(at: dict[str, int]) -> int | None:
        left, right = f(at), g(at)
        return None if left is None or right is None else made[kind](left, right)
    return sizes[kind](a, b), both


def test_the_page_works_formulas_out_as_python_does(show):
    rng = random.Random(7)
    pool, cases = Pool(("A", "B", "C")), []
    for _ in range(400):
        size, value = random_size(rng, 4)
        if not isinstance(size, int) and not any(atom.origin for atom in size.symbols):
            cases.append((pool(size), value))
    page = show(archcheck.analyze(onnx.load_from_string(image_net())))
    checked = 0
    for numbers in ((1, 5, 0), (6, 1, 2), (9, 9, 31), (1, 1, 1), (1 << 40, 1 << 40, 12345)):
        at = dict(zip("ABC", numbers))
        values = ", ".join(f"{number}n" for number in at.values())
        found = page(f"archcheck.evaluate({json.dumps(pool.entries)}, [{values}]).map(String)")
        for place, value in cases:
            expected = value(at)
            if expected is not None:
                assert found[place] == str(expected)
                checked += 1
    assert checked > 1000


@pytest.mark.parametrize("name", ["unet", "same-upper", "swin"])
def test_shapes_follow_the_sizes(show, name, tmp_path):
    """At each size the table says what an analysis with that size says."""
    net, output = NETS[name][0]()
    model = onnx.load_from_string(net.bytes(output))
    page = show(archcheck.analyze(model))
    start = page("Number(archcheck.model.values[0])")
    for height in (start, 2 * start, 3 * start):
        put(page, "H", height)
        bound = archcheck.analyze(model, {"H": height})
        if page("archcheck.model.isValid"):
            shapes = page("archcheck.model.nodes.map((node) => archcheck.model.shape(node.shape))")
            assert shapes == [" × ".join(map(str, layer.out_shape)) or "scalar" for layer in bound.layers]
            assert page("String(archcheck.model.total('macs').value)") == str(bound.macs)
            peak = "archcheck.model.timeline().reduce((a, b) => (a > b ? a : b))"
            assert page(f"String({peak})") == str(bound.memory.peak.bytes)


def test_sizes_that_do_not_fit_give_no_figures(show):
    page = show(archcheck.analyze(onnx.load_from_string(image_net())))
    put(page, "N", 2)
    put(page, "H", 20)
    put(page, "W", 30)
    macs = 2 * 4 * 14 * 24 * 49 + 2 * 2 * 10 * 20 * 4 * 9  # outputs of each layer times taps
    assert card(page, "MACs") == f"{macs / 1000:.1f} k"
    assert "2 × 2 × 10 × 20" in text_of(page, "#cards")
    put(page, "H", 10)
    assert card(page, "MACs") == "–" and card(page, "peak of activations") == "–"
    note = text_of(page, "#invalid")
    assert "does not run" in note and "conv_2" in note
    assert "nearest: 11" in text_of(page, "#sliders")
    page("document.getElementById('reset').click()")
    page("new Promise(requestAnimationFrame).then(() => 1)")
    assert page("document.getElementById('invalid').hidden")


# ---------------------------------------------------------------------------------------------------- field
def test_the_field_on_the_input(show):
    """Output 5 of the second layer reads 5, 7, 9 of the first one's, each of which reads 7: 5 to 15. Of the
    dilated layer alone nothing is seen but holes."""
    net = Builder(x=[1, 1, 40, 40])
    first = net.add("Conv", "x", net.weight(1, 1, 3, 3), dilations=[4, 4])
    model = net.bytes(net.add("Conv", first, net.weight(1, 1, 3, 3), strides=[2, 2], pads=[1, 1, 1, 1]))
    page = show(archcheck.analyze(onnx.load_from_string(model)), at="#field")
    page("document.getElementById('field').scrollIntoView({behavior: 'instant'})")
    page("archcheck.model.selectNode(0)")
    page.wait("document.querySelector('#field-words')?.innerText.includes('stride 1')")
    page("archcheck.field.at = [5, 5]; archcheck.field.draw()")
    words = text_of(page, "#field-words")
    assert "size 9, stride 1" in words and "reads 5, 9, 13" in words
    assert "6 positions in between are not read" in words
    assert page("document.querySelectorAll('#field-picture .read').length") == 9
    page("archcheck.model.selectNode(1)")
    page("archcheck.field.at = [0, 15]; archcheck.field.draw()")
    words = text_of(page, "#field-words")
    assert "size 11, stride 2" in words
    assert "1 before and 0 after are padding" in words  # -1 to 9
    assert "reads 0…1, 4…5, 8…9" in words and "4 positions in between" in words
    assert "reads 29…31, 33…35, 37…39" in words  # at 15: the first layer's 29, 30 and 31
    left, cell, steps = page("""(() => {
      const number = (one, name) => Number(one.getAttribute(name)), all = (name) =>
        [...document.querySelectorAll(`#field-picture .${name}`)];
      return [number(all('hull')[0], 'x'), number(all('ground')[0], 'width') / 40,
              all('next').map((one) => number(one, 'x'))];
    })()""")
    assert steps == [left]  # 15 is the last one across, so that only the next one below is shown
    page("archcheck.field.at = [5, 5]; archcheck.field.draw()")
    left, right = page("['hull', 'next'].map((name) => "
                       "Number(document.querySelector(`#field-picture .${name}`).getAttribute('x')))")
    assert right - left == pytest.approx(2 * cell, abs=0.2)


# ---------------------------------------------------------------------------------------------------- graph
def test_boxes_open_and_close_and_never_overlap(show):
    page = show(spec("googlenet"))
    shown = page("archcheck.graph.groups.size")
    assert page(OVERLAPS) == []
    first = page("document.querySelector('g.folded:not(.open)').getAttribute('data-box')")
    page(f"document.querySelector('[data-box=\"{first}\"]').dispatchEvent("
         "new MouseEvent('dblclick', {bubbles: true}))")
    inside = page(f"archcheck.model.boxes[{first}].inside.length")
    assert page("archcheck.graph.groups.size") == shown + inside > shown
    assert page(f"document.querySelector('[data-box=\"{first}\"]').getAttribute('aria-expanded')") == "true"
    assert page(OVERLAPS) == []
    assert page(OPEN_ALL) == page("archcheck.model.boxes.length") - 1
    assert page(OVERLAPS) == []
    page("document.getElementById('close-all').click()")
    assert page("archcheck.graph.groups.size") == page("archcheck.model.boxes[0].inside.length")


def test_what_is_in_line_stays_in_line(show):
    """The three convolutions of a bottleneck beside a branch, each in a box that is open, as is every other."""
    page = show(spec("resnet50"))
    page(OPEN_ALL)
    middles = page("""['conv1', 'conv2', 'conv3'].map((name) => {
      const { model } = archcheck, node = model.byName.get(`stage2.bottleneck1.add1.residual.${name}`);
      const group = document.querySelector(`[data-box="${model.boxOf[node]}"]`);
      const rect = group.querySelector(':scope > rect:last-of-type').getBoundingClientRect();
      return rect.left + rect.width / 2;
    })""")
    assert max(middles) - min(middles) < 0.6


def test_the_keyboard_goes_along_the_graph(show):
    page = show(spec("resnet18"))
    page("document.getElementById('close-all').click()")
    page("document.querySelector('#canvas [tabindex=\"0\"]').focus()")
    visited = []
    for _ in range(4):
        page.key("ArrowDown")
        visited.append(page("archcheck.model.boxes[archcheck.model.selected.box].id"))
    assert len(set(visited)) == 4
    assert page("document.querySelectorAll('#canvas [tabindex=\"0\"]').length") == 1
    folded = page("archcheck.model.boxes.findIndex((box) => box.inside && box.parent === 0)")
    page(f"archcheck.model.select({folded}); archcheck.graph.focus({folded})")
    before = page("archcheck.graph.groups.size")
    page.key("Enter")
    assert page("archcheck.graph.groups.size") > before
    page.key("ArrowRight")
    assert page("archcheck.model.boxes[archcheck.model.selected.box].parent") == folded
    page.key("Escape")
    assert page("archcheck.model.selected.box") == folded
    page.key("Enter")
    assert page("archcheck.graph.groups.size") == before


def test_search_and_deep_links(show):
    report = spec("googlenet")
    name = report.graph.nodes[60].name
    page = show(report, at="#node=" + name)
    assert page("archcheck.model.selected.node") == 60
    assert name in text_of(page, "#details").replace("\n", "")
    assert page("document.querySelector('.box.chosen') !== null")
    chosen = "document.querySelector('tr.chosen').getAttribute('data-node')"
    assert page(chosen) == "60"
    other = report.graph.nodes[-1].name
    page.key("/")
    assert page("document.activeElement.id") == "query"
    page.type(other)
    assert other in text_of(page, "#hits")
    page.key("Enter")
    assert page("archcheck.model.selected.node") == len(report.graph.nodes) - 1
    page("location.hash = '#node=%E0%A4%A'; location.hash = '#node=nothing'")  # broken, then unknown
    assert page("archcheck.model.selected.node") == len(report.graph.nodes) - 1


def test_the_table_sorts_and_leads_to_the_graph(show):
    report = spec("vgg16")
    page = show(report)
    page("document.querySelectorAll('#table thead button')[3].click()")
    most = max(report.layers, key=lambda layer: layer.params)
    assert most.params == 102_764_544  # fc6 of VGG-16: 25,088 · 4,096 + 4,096
    row = "document.querySelector('#table tbody tr')"
    assert most.name in page(f"{row}.innerText") and "102,764,544" in page(f"{row}.innerText")
    page(f"{row}.click()")
    assert page("archcheck.model.selected.node") == most.index
    assert page("document.querySelector('.box.chosen') !== null")


# ----------------------------------------------------------------------------------------- what else it shows
def test_claims_findings_and_sizes(show):
    outcomes = verify(["specs:resnet50"]).outcomes
    page = show(archcheck.check(archcheck.analyze(onnx.load_from_string(image_net()))), outcomes=outcomes)
    assert page("document.querySelectorAll('#said tbody tr').length") == len(outcomes) > 3
    assert "H ≥ 11" in text_of(page, "#valid")  # 7 taps, then 3 taps 2 apart: 7 + 4
    found = page("archcheck.model.data.findings.length")
    assert page("document.querySelectorAll('article.finding').length") == found


def test_dark_and_light_and_narrow(show):
    page = show(spec("resnet18"))
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page(ground) == "rgb(255, 255, 255)"
    page("document.getElementById('theme').click()")
    assert page(ground) == "rgb(21, 24, 28)"
    assert page("document.getElementById('theme').getAttribute('aria-pressed')") == "true"
    page.size(390, 800)
    assert page("document.documentElement.scrollWidth") <= 390


def test_everything_that_can_be_used_has_a_name(show):
    page = show(archcheck.analyze(onnx.load_from_string(image_net())))
    for section in ("charts", "field", "claims"):
        page(f"document.getElementById('{section}').scrollIntoView({{behavior: 'instant'}})")
        page("new Promise(requestAnimationFrame).then(() => 1)")
    tree = page.call("Accessibility.getFullAXTree")["nodes"]
    used = [node for node in tree if not node.get("ignored") and node.get("role", {}).get("value") in (
        "button", "slider", "spinbutton", "combobox", "listbox", "link", "searchbox", "image")]
    assert len(used) > 20
    assert [node for node in used if not node.get("name", {}).get("value")] == []


# ----------------------------------------------------------------------------------------------------- safety
def hostile() -> onnx.ModelProto:
    """A chain of nodes with names that want to be more than names."""
    names = [ATTACK, BREAKOUT, "\"'><svg onload=window.hacked=3>", "javascript:window.hacked=4", "a" * 10_000,
             "\u202egnp.exe", "${window.hacked=5}", "&lt;b&gt;", "line\nbreak\u0000null", "]]>--><script>"]
    nodes = [helper.make_node("Relu", [before], [after], name=after)
             for before, after in zip(["x", *names], names)]
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [ATTACK, 2])
    made = helper.make_tensor_value_info(names[-1], TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, BREAKOUT, [given], [made])
    return helper.make_model(graph, producer_name=ATTACK, doc_string=BREAKOUT,
                             opset_imports=[helper.make_opsetid("", 17)])


def test_names_are_shown_and_never_obeyed(show):
    page = show(archcheck.check(archcheck.analyze(hostile())))
    page(OPEN_ALL)
    for section in ("charts", "field", "findings"):
        page(f"document.getElementById('{section}').scrollIntoView({{behavior: 'instant'}})")
        page("new Promise(requestAnimationFrame).then(() => 1)")
    for index in range(10):
        page(f"archcheck.model.selectNode({index})")
    page("document.getElementById('query').focus()")
    page.type("img")
    assert page("window.hacked") is None
    assert page("document.querySelectorAll('img, iframe, object, main script').length") == 0
    assert ATTACK in text_of(page, "#table") and "\\u202egnp.exe" in text_of(page, "#table")
    assert "\u202e" not in page("document.body.innerText")
    put(page, ATTACK, 5)
    assert "5 × 2" in text_of(page, "#cards")


def test_the_policy_lets_nothing_in_or_out(browser, tmp_path):
    path = tmp_path / "report.html"
    text = render(archcheck.analyze(onnx.load_from_string(image_net())))
    assert "unsafe" not in text.partition("</head>")[0].partition("<style>")[0]
    path.write_text(text, encoding="utf-8")
    browser.open(path.as_uri())
    browser("window.seen = []; addEventListener('securitypolicyviolation', (e) => "
            "seen.push(e.effectiveDirective))")
    browser("(() => { const s = document.createElement('script'); s.textContent = 'window.hacked = 1'; "
            "document.body.append(s); const i = new Image(); i.src = 'https://example.org/x.png'; })()")
    assert browser("fetch('https://example.org').then(() => 'out', () => 'kept')") == "kept"
    browser.wait("seen.length >= 3")
    assert set(browser("seen")) == {"script-src-elem", "img-src", "connect-src"}
    assert browser("window.hacked") is None


# ------------------------------------------------------------------------------------------------------- size
def test_a_page_is_small():
    assert len(render(spec("resnet50")).encode()) <= 150_000


def test_five_thousand_nodes_stay_fluid(show):
    net = Builder(x=["N", 8, "H", "W"])
    value = "x"
    for layer in range(1000):
        kept = value
        for op in ("Conv", "Relu", "Conv", "Add", "Relu"):
            inputs = {"Conv": [value, "w"], "Add": [value, kept], "Relu": [value]}[op]
            output = f"/encoder/layers.{layer // 25}/blocks.{layer % 25}/{op}_{len(net.nodes) % 5}_output_0"
            net.nodes.append(helper.make_node(op, inputs, [output], name=output.removesuffix("_output_0")))
            value = output
    net.weights["w"] = (8, 8, 1, 1)
    report = archcheck.analyze(onnx.load_from_string(net.bytes(value)))
    text = render(report)
    assert len(report.graph.nodes) == 5000 and len(text.encode()) <= 700_000
    page = show(text)
    took = page("(() => { const from = performance.now(); archcheck.model.set(1, 64n); return new Promise("
                "requestAnimationFrame).then(() => performance.now() - from); })()")
    assert took < 1500  # 0.1 s on an idle core
    assert page("document.querySelectorAll('#table tr').length") < 100
    macs = 1000 * 2 * 8 * 8 * 64 * page("Number(archcheck.model.values[2])")
    assert page("Number(archcheck.model.total('macs').value)") == macs
