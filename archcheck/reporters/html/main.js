// Reads the data and begins.

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

function theme() {
  const button = by("theme"),
    root = document.documentElement;
  const set = (name) => {
    root.dataset.theme = name;
    button.setAttribute("aria-pressed", String(name === "dark"));
  };
  set(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  button.onclick = () => set(root.dataset.theme === "dark" ? "light" : "dark");
  let before = null;
  addEventListener("beforeprint", () => {
    before = root.dataset.theme;
    set("light");
  });
  addEventListener("afterprint", () => set(before));
}

function sections() {
  for (const section of document.querySelectorAll("main section")) {
    if (!section.hidden)
      by("sections").append(
        el("li", {}, el("a", { href: `#${section.id}` }, section.querySelector("h2").textContent)),
      );
  }
}

// Finds nodes by name, operator or value; boxes by id.
function search(model, words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean),
    found = [];
  if (!wanted.length) return found;
  const fits = (text) => wanted.every((word) => text.includes(word));
  for (const box of model.boxes)
    if (box.inside && box.place && fits(`${box.name} ${box.kind} ${box.op}`.toLowerCase()))
      found.push({ box: box.place, text: `${box.label} ${box.name}`, op: "block" });
  for (const node of model.nodes)
    if (fits(`${node.scope}/${node.name} ${node.op} ${node.value}`.toLowerCase()))
      found.push({ node: node.index, text: node.name, op: node.op });
  return found;
}

function searching(model) {
  const query = by("query"),
    list = by("hits");
  let hits = [],
    chosen = 0;
  const close = () => {
    list.hidden = true;
    query.setAttribute("aria-expanded", "false");
    query.removeAttribute("aria-activedescendant");
  };
  const go = (hit) => {
    if (hit) {
      if (hit.node === undefined) model.select(hit.box);
      else model.selectNode(hit.node);
      close();
      by("graph").scrollIntoView({ block: "start" });
    }
  };
  const show = () => {
    list.replaceChildren(
      ...hits.slice(0, 40).map((hit, k) =>
        el(
          "li",
          {
            role: "option",
            id: `hit-${k}`,
            "aria-selected": String(k === chosen),
            onmousedown: (event) => {
              event.preventDefault();
              go(hit);
            },
          },
          el("bdi", {}, short(hit.text, 70)),
          el("span", { class: "hint" }, ` ${hit.op}`),
        ),
      ),
      ...(hits.length > 40
        ? [el("li", { class: "hint", role: "presentation" }, `and ${hits.length - 40} more`)]
        : []),
      ...(hits.length ? [] : [el("li", { class: "hint", role: "presentation" }, "nothing is called that")]),
    );
    list.hidden = !query.value.trim();
    query.setAttribute("aria-expanded", String(!list.hidden));
    if (hits.length) query.setAttribute("aria-activedescendant", `hit-${chosen}`);
  };
  query.addEventListener("input", () => {
    hits = search(model, query.value);
    chosen = 0;
    show();
  });
  query.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && hits.length) {
      chosen = (chosen + step + Math.min(40, hits.length)) % Math.min(40, hits.length);
      show();
      event.preventDefault();
    }
    if (event.key === "Escape") close();
  });
  query.addEventListener("blur", close);
  by("search").addEventListener("submit", (event) => {
    event.preventDefault();
    go(hits[chosen]);
  });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      query.focus();
      event.preventDefault();
    }
  });
}

// #node=NAME selects a node, by its name or a value that it makes, or a box by its id.
function deepLink(model) {
  const match = /^#node=(.*)$/.exec(location.hash),
    section = by(location.hash.slice(1));
  if (section) section.scrollIntoView({ block: "start" });
  if (!match) return;
  let name;
  try {
    name = decodeURIComponent(match[1]);
  } catch {
    return;
  }
  if (model.byName.has(name)) model.selectNode(model.byName.get(name));
  else if (model.byId.has(name)) model.select(model.byId.get(name));
  else return;
  by("graph").scrollIntoView({ block: "start" });
}

const MOST_PRINTED = 1000;

async function start() {
  theme();
  const model = new Model(await unpacked(by("data").textContent));
  const { data } = model;
  by("title").replaceChildren(isolated(plain(short(data.title || "network", 120))));
  cards(model);
  sliders(model);
  invalid(model);
  const table = new TableView(model);
  const graph = new GraphView(model);
  const field = new FieldView(model);
  const charts = new ChartsView(model);
  details(model);
  findings(model);
  validSizes(model);
  claims(model);
  sections();
  searching(model);
  model.on("sizes", () => {
    cards(model);
    invalid(model);
    details(model);
  });
  model.on("selection", () => details(model));
  by("foot").append(
    `archcheck ${data.version}${data.source ? " · " : ""}`,
    isolated(plain(short(data.source, 120))),
    data.producer ? ` · ${plain(short(data.producer, 80))}` : "",
  );
  addEventListener("hashchange", () => deepLink(model));
  addEventListener("beforeprint", () => table.draw(model.nodes.length <= MOST_PRINTED));
  addEventListener("afterprint", () => table.draw());
  deepLink(model);
  window.archcheck = { model, graph, table, field, charts, evaluate };
  document.documentElement.dataset.ready = "yes";
}

start().catch((error) => {
  by("overview").append(
    el(
      "p",
      { class: "note bad" },
      `This page cannot be shown: ${error.message}. It needs a browser of 2023 or later.`,
    ),
  );
  throw error;
});
