// Totals, sliders, what is selected, findings, valid sizes and claims.

const card = (label, value, title = null) => [
  el("div", { class: "card", title }, el("dt", {}, label), el("dd", {}, value)),
];

function cards(model) {
  const { data } = model,
    [weights, params] = data.weights;
  const live = model.timeline(),
    peak = live.reduce((a, b) => (a > b ? a : b), 0n);
  const missing = model.data.memory.unknown ? "≥ " : "";
  const figure = (key) => {
    const found = model.total(key);
    return [
      model.isValid ? atLeast(found, compact) : "–",
      found.missing ? `${found.missing} nodes are not counted` : exact(found.value),
    ];
  };
  by("cards").replaceChildren(
    ...[
      card("nodes", exact(data.nodes.length)),
      card("params", compact(model.v[params]), exact(model.v[params])),
      card("weights", inBytes(model.v[weights])),
      card("MACs", ...figure("macs")),
      card("FLOPs", ...figure("flops")),
      card("peak of activations", model.isValid ? missing + inBytes(peak) : "–"),
      ...data.inputs.map(([name, dtype, shape]) =>
        card(`input ${short(name, 24)}`, `${dtype || "?"} ${model.shape(shape)}`),
      ),
      ...data.outputs
        .slice(0, 4)
        .map(([name, dtype, shape]) =>
          card(`output ${short(name, 24)}`, `${dtype || "?"} ${model.shape(shape)}`),
        ),
    ].flat(),
  );
}

function invalid(model) {
  const note = by("invalid"),
    problems = model.data.valid.problems;
  note.hidden = model.isValid;
  if (model.isValid) return;
  const lines = [
    ...problems,
    ...model.broken
      .slice(0, 4)
      .map(
        ([kind, a, b, layer, why, left, right]) =>
          `${layer}: needs ${left} ${SIGNS[kind]} ${right}${kind === "broadcast" ? ", or one of them 1" : ""}${why && kind === "at-least" ? ` (${why})` : ""}, but these are ${exact(model.v[a])} and ${exact(model.v[b])}`,
      ),
  ];
  note.textContent = plain(
    "The network does not run at these sizes, so that there are no figures. " + lines.join("; ") + ".",
  );
}
const SIGNS = { equal: "=", broadcast: "=", divides: "a multiple of", "at-least": "≥" };

function sliders(model) {
  const form = by("sliders"),
    { symbols } = model.data;
  form.hidden = symbols.length === 0;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.append(
    ...symbols.map((symbol, k) => {
      const most = Math.max(16, 2 ** Math.ceil(Math.log2(symbol.start * 2 + 1)));
      const range = el("input", {
        type: "range",
        id: `slider-${k}`,
        min: 1,
        max: most,
        value: symbol.start,
        "aria-label": plain(`Size ${symbol.name}`),
      });
      const number = el("input", {
        type: "number",
        id: `number-${k}`,
        min: 1,
        step: 1,
        value: symbol.start,
        "aria-label": plain(`Size ${symbol.name} as a number`),
      });
      const snap = el("button", { type: "button", class: "snap", hidden: true });
      const set = (text) => {
        if (!/^\d{1,15}$/.test(text)) return;
        const value = BigInt(text);
        range.value = text;
        if (number.value !== text) number.value = text;
        model.set(k, value);
        const fits = !symbol.sizes || inSet(symbol.sizes, value),
          near = fits ? null : nearestIn(symbol.sizes, value);
        snap.hidden = near === null;
        if (near !== null) {
          snap.textContent = `nearest: ${near}`;
          snap.onclick = () => set(String(near));
        }
      };
      range.addEventListener("input", () => set(range.value));
      number.addEventListener("input", () => set(number.value));
      return el(
        "div",
        { class: "slider" },
        el("label", { for: `number-${k}` }, isolated(symbol.name)),
        range,
        number,
        snap,
        el("span", { class: "hint" }, symbol.words === "any" ? "" : `valid: ${symbol.words}`),
      );
    }),
    el(
      "button",
      {
        type: "reset",
        id: "reset",
        onclick: (event) => {
          event.preventDefault();
          symbols.forEach((symbol, k) => {
            by(`number-${k}`).value = symbol.start;
            by(`number-${k}`).dispatchEvent(new Event("input"));
          });
        },
      },
      "Reset",
    ),
    model.data.valid.complete
      ? ""
      : el("p", { class: "hint" }, "What some nodes need is not known: other sizes may not run either."),
  );
}

function details(model) {
  const { box: k, node: index } = model.selected,
    panel = by("details");
  const box = k >= 0 ? model.boxes[k] : null,
    node = index === null ? null : model.nodes[index];
  const nodes = node ? [index] : box ? model.nodesOf(k) : [];
  const rows = [];
  const row = (label, value) => {
    if (value !== "" && value !== null && value !== undefined)
      rows.push(el("dt", {}, label), el("dd", {}, value));
  };
  const figure = (key, show) => {
    const found = model.total(key, nodes),
      all = model.total(key).value;
    return model.isValid
      ? atLeast(found, show) +
          (found.value && all ? ` (${((100 * Number(found.value)) / Number(all)).toPrecision(3)} %)` : "")
      : "–";
  };
  row("operator", node ? node.op : box.op);
  row("scope", node ? node.scope : "");
  row("repeated", !node && box.count > 1 ? `${box.count} times` : "");
  row("nodes", nodes.length > 1 ? exact(nodes.length) : "");
  row("output", node ? isolated(short(node.value, 120)) : "");
  const shape = node ? node.shape : box.shape;
  if (shape || node) row("shape", `${(node ? node.dtype : box.dtype) || "?"} ${model.shape(shape)}`);
  if (nodes.length) {
    row("params", figure("params", exact));
    row("MACs", figure("macs", exact));
    row("FLOPs", figure("flops", exact));
    row("bytes moved", figure("moved", inBytes));
  }
  row("not known", node ? node.why : box.why);
  const own = new Set(nodes.map((n) => model.nodes[n].name));
  for (const found of model.data.findings.filter((one) => own.has(one.node)))
    row(found.code, el("a", { href: "#findings" }, found.message));
  const name = node ? node.name : box.name || model.data.title;
  panel.replaceChildren(
    el("h3", {}, isolated(short(name, 160))),
    el("dl", { class: "facts" }, rows),
    node && model.data.fields.of[index]
      ? el("p", {}, el("a", { href: "#field" }, "what it reads of the input"))
      : "",
    el("p", {}, el("a", { href: "#node=" + encodeURIComponent(node ? node.name : box.id) }, "link to this")),
  );
}

function findings(model) {
  const { findings: found, pages, judged } = model.data,
    shown = found.filter((one) => !one.suppressed);
  const out = by("found");
  if (!found.length) {
    out.append(el("p", {}, judged ? "Nothing was found." : "The rules were not asked."));
    return;
  }
  for (const one of [...shown, ...found.filter((each) => each.suppressed)]) {
    const where = model.byName.has(one.node)
      ? el("a", { href: "#node=" + encodeURIComponent(one.node) }, isolated(short(one.node, 80)))
      : one.node
        ? isolated(short(one.node, 80))
        : "";
    out.append(
      el(
        "article",
        { class: `finding ${one.severity}` },
        el("h3", {}, el("span", { class: "badge" }, one.severity), ` ${one.code} ${one.rule}`),
        el("p", {}, where, where ? ": " : "", one.message),
        one.places > 1
          ? el("p", { class: "hint" }, `in ${one.places} places: also `, short(one.also.join(", "), 400))
          : "",
        one.why ? el("p", {}, el("strong", {}, "Why: "), one.why) : "",
        one.fix ? el("p", {}, el("strong", {}, "To mend it: "), one.fix) : "",
        one.suppressed ? el("p", { class: "hint" }, `suppressed: ${one.suppressed}`) : "",
        pages[one.code]
          ? el("details", {}, el("summary", {}, `The page of ${one.code}`), markdown(pages[one.code]))
          : "",
      ),
    );
  }
}

function table(columns, rows) {
  const heads = columns.map((name) => el("th", { scope: "col" }, name)),
    body = rows.map((cells) => el("tr", {}, cells));
  return el(
    "div",
    { class: "wide" },
    el("table", {}, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, body)),
  );
}

function validSizes(model) {
  const { columns, rows, facts } = model.data.valid,
    out = by("valid"),
    cell = (text, k) => el(k ? "td" : "th", { scope: k ? null : "row" }, text);
  if (rows.length)
    out.append(
      table(
        columns,
        rows.map((row) => row.map(cell)),
      ),
    );
  out.append(
    el(
      "dl",
      { class: "facts" },
      facts.map(([label, text]) => [el("dt", {}, label), el("dd", { class: "lines" }, text)]),
    ),
  );
}

const VERDICTS = {
  exact: "good",
  "rounds-to": "good",
  convention: "good",
  refuted: "bad",
  "not-checkable": "",
  "needs-run": "",
  "not-known": "",
};
function claims(model) {
  const found = model.data.claims;
  by("claims").hidden = !found.length;
  if (!found.length) return;
  const counts = new Map();
  for (const one of found) counts.set(one.verdict, (counts.get(one.verdict) || 0) + 1);
  by("said").append(
    el("p", {}, [...counts].map(([verdict, count]) => `${count} ${verdict.replace("-", " ")}`).join(", ")),
    table(["where", "says", "printed", "computed", "verdict"], found.map(claimed)),
  );
}

function claimed(one) {
  return [
    el("td", {}, one.where),
    el("td", { class: "says" }, one.says),
    el("td", {}, one.printed),
    el("td", {}, one.value ?? ""),
    el(
      "td",
      { class: `verdict ${one.problem ? "bad" : (VERDICTS[one.verdict] ?? "")}` },
      one.verdict.replace("-", " "),
      one.problem ? `: ${one.problem}` : "",
    ),
  ];
}
