// The table of nodes. Only the rows in sight are in the page.

const ROW = 26;
const COLUMNS = [
  ["name", "node", (m, n) => n.name],
  ["op", "operator", (m, n) => n.op],
  ["shape", "output", (m, n) => m.shape(n.shape)],
  ["params", "params", (m, n) => (n.params < 0 ? "?" : exact(m.at(n.params)).replace(/^0$/, ""))],
  ["macs", "MACs", (m, n) => compact(m.at(n.macs)).replace(/^0$/, "")],
  ["flops", "FLOPs", (m, n) => compact(m.at(n.flops)).replace(/^0$/, "")],
  ["moved", "bytes moved", (m, n) => inBytes(m.at(n.moved)).replace(/^0 B$/, "")],
];
const NUMBERS = new Set(["params", "macs", "flops", "moved"]);

class TableView {
  constructor(model) {
    this.model = model;
    this.scroll = by("table");
    this.order = model.nodes.map((node) => node.index);
    this.sorted = null;
    this.head = el(
      "tr",
      { role: "row" },
      COLUMNS.map(([key, title], k) =>
        el(
          "th",
          {
            role: "columnheader",
            scope: "col",
            "aria-colindex": k + 1,
            class: NUMBERS.has(key) ? "number" : null,
          },
          el("button", { type: "button", onclick: () => this.sort(key) }, title),
        ),
      ),
    );
    this.body = el("tbody", { role: "rowgroup" });
    this.table = el(
      "table",
      { role: "grid", "aria-rowcount": model.nodes.length + 1, "aria-label": "Nodes" },
      el("thead", { role: "rowgroup" }, this.head),
      this.body,
    );
    this.scroll.append(this.table);
    this.scroll.addEventListener("scroll", () => this.draw());
    this.scroll.addEventListener("keydown", (event) => this.key(event));
    addEventListener("resize", () => this.draw());
    model.on("sizes", () => (this.sorted ? this.sort(this.sorted, true) : this.draw()));
    model.on("selection", (how) => {
      if (!how.fromTable) this.show();
      this.draw();
    });
    this.draw();
  }

  sort(key, again = false) {
    const { model } = this;
    this.sorted = again || this.sorted !== key ? key : null;
    const number = (index) => {
      const value = model.at(model.nodes[index][key]);
      return value === null ? -1n : value;
    };
    this.order = model.nodes.map((node) => node.index);
    if (NUMBERS.has(this.sorted)) {
      const worth = this.order.map(number);
      this.order.sort((a, b) => (worth[a] === worth[b] ? a - b : worth[a] < worth[b] ? 1 : -1));
    } else if (this.sorted)
      this.order.sort(
        (a, b) =>
          String(COLUMNS.find(([k]) => k === key)[2](model, model.nodes[a])).localeCompare(
            COLUMNS.find(([k]) => k === key)[2](model, model.nodes[b]),
          ) || a - b,
      );
    COLUMNS.forEach(([k], place) =>
      this.head.children[place].setAttribute(
        "aria-sort",
        k === this.sorted ? (NUMBERS.has(k) ? "descending" : "ascending") : "none",
      ),
    );
    this.draw();
  }

  draw(everything = false) {
    const count = this.order.length;
    const from = everything ? 0 : Math.max(0, Math.floor(this.scroll.scrollTop / ROW) - 8);
    const to = everything
      ? count
      : Math.min(count, from + Math.ceil((this.scroll.clientHeight || 400) / ROW) + 18);
    const pad = (rows) => (rows > 0 ? [this.gap(rows * ROW)] : []);
    this.body.replaceChildren(
      ...pad(from),
      ...this.order.slice(from, to).map((index, k) => this.row(index, from + k)),
      ...pad(count - to),
    );
  }

  gap(height) {
    const row = el("tr", { "aria-hidden": "true", class: "gap" }, el("td", { colspan: COLUMNS.length }));
    row.style.height = height + "px";
    return row;
  }

  row(index, place) {
    const node = this.model.nodes[index],
      chosen = this.isChosen(index);
    return el(
      "tr",
      {
        role: "row",
        "aria-rowindex": place + 2,
        class: chosen ? "chosen" : null,
        "aria-selected": String(chosen),
        "data-node": index,
        title: node.why ? plain(node.why) : null,
        onclick: () => this.model.selectNode(index, { fromTable: true }),
      },
      COLUMNS.map(([key, , cell], k) =>
        el(
          k ? "td" : "th",
          {
            role: k ? "gridcell" : "rowheader",
            scope: k ? null : "row",
            class: NUMBERS.has(key) ? "number" : key === "name" ? "named" : null,
          },
          k === 0
            ? el("bdi", { title: plain(cell(this.model, node)) }, short(cell(this.model, node), 60))
            : short(cell(this.model, node), 44),
        ),
      ),
    );
  }

  isChosen(index) {
    const { box, node } = this.model.selected;
    return node === index || (node === null && box > 0 && this.chosenNodes(box).has(index));
  }
  chosenNodes(box) {
    if (this.cached !== box) {
      this.cached = box;
      this.cachedNodes = new Set(this.model.nodesOf(box));
    }
    return this.cachedNodes;
  }

  show() {
    const { box, node } = this.model.selected;
    const first = node ?? (box > 0 ? this.model.boxes[box].nodes[0] : undefined);
    const place = this.order.indexOf(first);
    if (place < 0) return;
    const top = place * ROW;
    if (top < this.scroll.scrollTop || top > this.scroll.scrollTop + this.scroll.clientHeight - 3 * ROW)
      this.scroll.scrollTop = Math.max(0, top - this.scroll.clientHeight / 3);
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.target !== this.scroll) return;
    const place = this.order.indexOf(this.model.selected.node) + step;
    if (place < 0 || place >= this.order.length) return;
    this.model.selectNode(this.order[place]);
    event.preventDefault();
  }
}
