// The graph. Every box is laid out beforehand with closed boxes inside; where one of them is opened, all of its
// row and of its column is stretched, so that what did not overlap still does not. What was in line still is: of a
// closed box the middle goes where that of its place goes, of an open one the only way in, or else out.

const HEAD = 24,
  EDGE = 10,
  ASIDE = 120; // a box is at most so much wider for that

// A rising function that gives each span [from, to, need] at least the length that it needs.
function stretched(spans) {
  const ends = [...new Set(spans.flatMap(([a, b]) => [a, b]))].sort((a, b) => a - b);
  const pieces = ends.slice(0, -1).map((a, k) => {
    const b = ends[k + 1];
    return [
      a,
      b,
      Math.max(1, ...spans.filter(([c, d]) => c <= a && b <= d).map(([c, d, need]) => need / (d - c))),
    ];
  });
  return (x) =>
    x + pieces.reduce((more, [a, b, slope]) => more + (Math.min(Math.max(x, a), b) - a) * (slope - 1), 0);
}

// Where everything in a box stands: {w, h, parts: [{box, x, y, w, h, inner}], fx, fy}.
function arranged(model, k) {
  const box = model.boxes[k];
  for (const [child, , , , , ...texts] of box.inside)
    model.boxes[child].title = texts.slice(0, 2).join(" · ");
  const inner = new Map();
  for (const [child] of box.inside) if (model.open.has(child)) inner.set(child, arranged(model, child));
  const open = box.inside.filter(([child]) => inner.has(child));
  const fx = stretched(
    open.map(([child, x, , w]) => {
      const { w: wide, axis } = inner.get(child);
      return [x, x + w, Math.min(2 * Math.max(axis, wide - axis), wide + ASIDE)];
    }),
  );
  const fy = stretched(open.map(([child, , y, , h]) => [y, y + h, inner.get(child).h + HEAD]));
  const parts = box.inside.map(([child, x, y, w, h, ...texts]) => {
    const found = inner.get(child);
    const [wide, high] = found ? [found.w, found.h + HEAD] : [w, h];
    const middle = found ? found.axis : w / 2;
    return {
      box: child,
      x: Math.min(Math.max(fx(x + w / 2) - middle, fx(x)), fx(x + w) - wide),
      y: Math.min(Math.max(fy(y + h / 2) - high / 2, fy(y)), fy(y + h) - high),
      w: wide,
      h: high,
      old: { x: x + w / 2, y: y + h / 2 },
      texts,
      inner: found,
    };
  });
  const w = Math.max(fx(box.size[0]), titleWidth(box));
  const entries = new Set(box.wires.filter(([source]) => source === -1).map((wire) => wire[2][0]));
  const exits = new Set(box.wires.filter(([, target]) => target === -1).map((wire) => wire[2].at(-2)));
  const [at] = [entries, exits].find((ports) => ports.size === 1) || [box.size[0] / 2];
  return { k, w, h: fy(box.size[1]), axis: fx(at), parts, fx, fy };
}
const titleWidth = (box) => Math.min(320, 44 + 6.6 * (box.title || "").length);

// Where a value crosses the border of an open box, across. Of a box that stands for several, the values are those
// of the first or the last one, so that any other place of this side will do.
function port(model, part, values, comes) {
  if (!part.inner) return null;
  const wires = model.boxes[part.box].wires.filter(([source, target]) => (comes ? source : target) === -1);
  const wire =
    wires.find(([, , , , , , names]) => names.some((name) => values.includes(name))) ||
    wires[wires.length - 1];
  return wire
    ? part.x + (part.w - part.inner.w) / 2 + part.inner.fx(comes ? wire[2][0] : wire[2][wire[2].length - 2])
    : null;
}

// The points of a wire, moved with the boxes that it joins.
function wirePoints(model, place, wire, parts) {
  const [source, target, flat, , , , values] = wire;
  const points = [];
  for (let i = 0; i < flat.length; i += 2) points.push([place.fx(flat[i]), place.fy(flat[i + 1])]);
  snap(points, flat, 0, 1, 0, source, port(model, parts.get(source) || {}, values, false));
  const last = points.length - 1;
  snap(
    points,
    flat,
    last,
    last - 1,
    flat.length - 2,
    target,
    port(model, parts.get(target) || {}, values, true),
  );
  if (source === -1 && place.k !== 0) points[0][1] = -HEAD;
  return points;

  function snap(all, old, end, next, at, child, across) {
    const part = parts.get(child);
    if (!part) return;
    const x = across ?? part.x + part.w / 2 + (part.inner ? 0 : old[at] - part.old.x);
    all[end] = [x, old[at + 1] >= part.old.y ? part.y + part.h : part.y];
    all[next][0] = x;
  }
}

// Straight through the rows, and in curves between them.
function wirePath(points) {
  let [x, y] = points[0];
  let path = `M${x.toFixed(1)},${y.toFixed(1)}`;
  points.slice(1).forEach(([a, b], k) => {
    const middle = ((y + b) / 2).toFixed(1);
    if (k % 2 && a !== x && b !== y)
      path += `C${x.toFixed(1)},${middle} ${a.toFixed(1)},${middle} ${a.toFixed(1)},${b.toFixed(1)}`;
    else if (a !== x || b !== y) path += `L${a.toFixed(1)},${b.toFixed(1)}`;
    [x, y] = [a, b];
  });
  return path;
}

class GraphView {
  constructor(model) {
    this.model = model;
    this.canvas = by("canvas");
    this.zoom = 1;
    this.image = svg(
      "svg",
      { role: "presentation", class: "graph" },
      svg(
        "defs",
        {},
        svg(
          "marker",
          {
            id: "tip",
            viewBox: "0 0 8 8",
            refX: 7.5,
            refY: 4,
            markerWidth: 7,
            markerHeight: 7,
            orient: "auto",
          },
          svg("path", { d: "M0,0.8L8,4L0,7.2z" }),
        ),
      ),
    );
    this.layer = svg("g");
    this.image.append(this.layer);
    this.canvas.append(this.image);
    model.on("opened", (k) => this.redraw(k));
    model.on("sizes", () => this.relabel());
    model.on("selection", (how) => this.mark(how));
    this.bind();
    this.legend();
    this.redraw();
    this.fit(true);
  }

  redraw(keep = null) {
    const before = keep === null || keep === undefined ? null : this.spot(keep);
    this.groups = new Map();
    this.labels = [];
    const place = arranged(this.model, 0);
    this.size = [place.w + 2 * EDGE, place.h + 2 * EDGE];
    const root = svg("g", { transform: `translate(${EDGE},${EDGE})` });
    this.draw(place, root);
    this.layer.replaceChildren(root);
    this.scale();
    this.relabel();
    this.mark({});
    if (before) this.hold(keep, before);
  }

  draw(place, group) {
    const parts = new Map(place.parts.map((part) => [part.box, part]));
    for (const part of place.parts) group.append(this.box(part));
    for (const wire of this.model.boxes[place.k].wires) {
      const [source, target, , shape, dtype, labelled, values] = wire;
      const points = wirePoints(this.model, place, wire, parts);
      const into = parts.get(target);
      const path = svg("path", {
        class: "wire",
        d: wirePath(points),
        "marker-end": target !== -1 && !(into && into.inner) ? "url(#tip)" : null,
      });
      path.append(svg("title", {}, short(values.join(", "), 200)));
      group.append(path);
      if (labelled) {
        const from = parts.get(source),
          y = from ? from.y + from.h : points[0][1];
        const label = svg("text", {
          class: "label",
          x: (points[0][0] + 5).toFixed(1),
          y: (y + 11).toFixed(1),
        });
        this.labels.push([label, shape, dtype]);
        group.append(label);
      }
    }
  }

  box(part) {
    const box = this.model.boxes[part.box],
      open = Boolean(part.inner);
    const group = svg("g", {
      class: `box f-${box.family || "other"}${open ? " open" : ""}${box.inside ? " folded" : ""}`,
      transform: `translate(${part.x.toFixed(1)},${part.y.toFixed(1)})`,
      role: "button",
      tabindex: -1,
      "aria-expanded": box.inside ? String(open) : null,
      "aria-label": this.spoken(box),
      "data-box": part.box,
    });
    if (box.count > 1 && !open) for (const k of [2, 1]) group.append(this.sheet(part, 3 * k));
    group.append(this.sheet(part, 0));
    group.append(svg("title", {}, short([box.id, box.op, box.why].filter(Boolean).join(" · "), 300)));
    const texts = open ? [part.texts.slice(0, 2).join(" · ")] : part.texts;
    const write = () =>
      texts.forEach((text, k) => group.append(this.text(part, text, k, texts.length, open)));
    if (!open) write();
    if (box.inside)
      group.append(
        svg(
          "g",
          { class: "fold" },
          svg("rect", { x: part.w - 22, y: 0, width: 22, height: Math.min(24, part.h) }),
          svg("text", { x: part.w - 5, y: 12, "text-anchor": "end" }, open ? "−" : "+"),
        ),
      );
    this.groups.set(part.box, group);
    if (open) {
      const inner = svg("g", { transform: `translate(${((part.w - part.inner.w) / 2).toFixed(1)},${HEAD})` });
      this.draw(part.inner, inner);
      group.append(inner);
      write();
    }
    return group;
  }

  sheet(part, shift) {
    const family = this.model.boxes[part.box].family;
    return svg("rect", {
      x: shift,
      y: -shift,
      width: part.w.toFixed(1),
      height: part.h.toFixed(1),
      rx: family === "input" || family === "output" ? 10 : 4,
    });
  }

  text(part, text, k, count, open) {
    const size = k === 0 ? 12 : 10,
      y = open ? 16 : part.h / 2 + (k - (count - 1) / 2) * 14 + 4;
    return svg(
      "text",
      {
        class: k === 0 ? "name" : "sub",
        x: open ? 8 : (part.w / 2).toFixed(1),
        y: y.toFixed(1),
        "text-anchor": open ? "start" : "middle",
        "font-size": size,
      },
      open ? short(text, Math.max(8, (part.w / 7) | 0)) : text,
    );
  }

  spoken(box) {
    const times = box.count > 1 ? `, ${box.count} times` : "";
    return plain(short(`${box.label}${times}, ${box.name}`, 120));
  }

  relabel() {
    for (const [label, shape, dtype] of this.labels) {
      label.textContent = short(this.model.shape(shape).replaceAll(BY, "×"), 30);
      label.setAttribute("data-dtype", dtype || "");
    }
  }

  mark({ quiet, moved }) {
    const { box } = this.model.selected;
    for (const group of this.layer.querySelectorAll(".chosen")) {
      group.classList.remove("chosen");
      group.setAttribute("tabindex", -1);
    }
    const chosen = this.groups.get(box);
    const first = chosen || this.groups.values().next().value;
    if (first) first.setAttribute("tabindex", 0);
    if (!chosen) return;
    chosen.classList.add("chosen");
    if (!quiet) this.show(chosen, moved);
  }

  // Scrolls a box into sight.
  show(group) {
    const own = group.querySelector("rect").getBoundingClientRect(),
      outer = this.canvas.getBoundingClientRect();
    if (own.left < outer.left || own.right > outer.right)
      this.canvas.scrollLeft += own.left + own.width / 2 - outer.left - outer.width / 2;
    if (own.top < outer.top || own.bottom > outer.bottom)
      this.canvas.scrollTop +=
        own.top + Math.min(own.height, outer.height) / 2 - outer.top - outer.height / 2;
  }

  spot(k) {
    const group = this.groups && this.groups.get(k);
    return group ? group.getBoundingClientRect() : null;
  }
  hold(k, before) {
    const after = this.spot(k);
    if (!after) return;
    this.canvas.scrollLeft += after.left + after.width / 2 - before.left - before.width / 2;
    this.canvas.scrollTop += after.top - before.top;
  }

  scale() {
    this.image.setAttribute("width", Math.ceil(this.size[0] * this.zoom));
    this.image.setAttribute("height", Math.ceil(this.size[1] * this.zoom));
    this.image.setAttribute("viewBox", `0 0 ${this.size[0]} ${this.size[1]}`);
  }

  zoomTo(zoom, at = null) {
    const canvas = this.canvas,
      outer = canvas.getBoundingClientRect();
    const [x, y] = at ? [at[0] - outer.left, at[1] - outer.top] : [outer.width / 2, outer.height / 2];
    const next = Math.min(4, Math.max(0.05, zoom)),
      ratio = next / this.zoom;
    const [left, top] = [(canvas.scrollLeft + x) * ratio - x, (canvas.scrollTop + y) * ratio - y];
    this.zoom = next;
    this.scale();
    canvas.scrollLeft = left;
    canvas.scrollTop = top;
  }

  fit(atFirst = false) {
    const wide = (this.canvas.clientWidth - 4) / this.size[0],
      high = (this.canvas.clientHeight - 4) / this.size[1];
    this.zoomTo(atFirst ? Math.min(1, Math.max(0.6, wide)) : Math.min(1.5, wide, high));
    if (atFirst) {
      this.canvas.scrollTop = 0;
      this.canvas.scrollLeft = (this.size[0] * this.zoom - this.canvas.clientWidth) / 2;
    }
  }

  bind() {
    const canvas = this.canvas,
      of = (event) => {
        const group = event.target.closest("g.box");
        return group ? Number(group.getAttribute("data-box")) : -1;
      };
    canvas.addEventListener("click", (event) => {
      if (this.dragged) return;
      const k = of(event);
      if (k < 0) return;
      this.model.select(k, null, { quiet: true });
      if (event.target.closest(".fold")) this.model.toggle(k);
      this.focus(k);
    });
    canvas.addEventListener("dblclick", (event) => {
      const k = of(event);
      if (k >= 0 && !event.target.closest(".fold")) {
        this.model.toggle(k);
        this.focus(k);
      }
    });
    canvas.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        this.zoomTo(this.zoom * Math.exp(-event.deltaY / 300), [event.clientX, event.clientY]);
      },
      { passive: false },
    );
    canvas.addEventListener("keydown", (event) => this.key(event));
    this.bindDrag();
    by("larger").onclick = () => this.zoomTo(this.zoom * 1.25);
    by("smaller").onclick = () => this.zoomTo(this.zoom / 1.25);
    by("fit").onclick = () => this.fit();
    by("open-all").onclick = () => this.openMore();
    by("close-all").onclick = () => {
      this.model.open = new Set([0]);
      this.model.tell("opened");
      this.fit(true);
    };
  }

  bindDrag() {
    let from = null;
    this.canvas.addEventListener("pointerdown", (event) => {
      this.dragged = false;
      if (event.pointerType === "mouse" && event.button === 0)
        from = [event.clientX, event.clientY, this.canvas.scrollLeft, this.canvas.scrollTop];
    });
    addEventListener("pointermove", (event) => {
      if (!from) return;
      const [x, y] = [event.clientX - from[0], event.clientY - from[1]];
      if (Math.abs(x) + Math.abs(y) > 4) this.dragged = true;
      if (this.dragged) {
        this.canvas.scrollLeft = from[2] - x;
        this.canvas.scrollTop = from[3] - y;
      }
    });
    addEventListener("pointerup", () => {
      from = null;
    });
  }

  // Opens all boxes of the next level.
  openMore() {
    const model = this.model;
    const next = [...this.groups.keys()].filter((k) => model.boxes[k].inside && !model.open.has(k));
    for (const k of next) model.open.add(k);
    model.tell("opened");
  }

  focus(k) {
    const group = this.groups.get(k);
    if (group) group.focus({ preventScroll: true });
  }

  key(event) {
    const { box: k } = this.model.selected,
      keys = { "+": 1.25, "=": 1.25, "-": 0.8 };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (keys[event.key]) this.zoomTo(this.zoom * keys[event.key]);
    else if (event.key === "0") this.fit();
    else if (event.key === "Enter" || event.key === " ") {
      this.model.toggle(k);
      this.focus(k);
    } else if (event.key === "Escape") this.go(this.model.boxes[k] ? this.model.boxes[k].parent : -1);
    else if (event.key.startsWith("Arrow")) this.go(this.neighbour(k, event.key.slice(5)));
    else return;
    event.preventDefault();
  }

  go(k) {
    if (k === undefined || k < 1) return;
    this.model.select(k);
    this.focus(k);
  }

  // The box that an arrow key leads to: along the edges, or beside.
  neighbour(k, way) {
    const boxes = this.model.boxes;
    if (k < 1) return boxes[0].inside[0][0];
    const outer = boxes[boxes[k].parent],
      own = outer.inside.findIndex(([child]) => child === k);
    if (way === "Down" || way === "Up") {
      const [from, to] = way === "Down" ? [0, 1] : [1, 0];
      const wire = outer.wires.find((one) => one[from] === k && one[to] !== -1);
      if (wire) return wire[to];
      return way === "Down" && this.model.open.has(k) ? boxes[k].inside[0][0] : outer.place;
    }
    if (way === "Right" && this.model.open.has(k)) return boxes[k].inside[0][0];
    const next = outer.inside[own + (way === "Right" ? 1 : -1)];
    return next ? next[0] : outer.place;
  }

  legend() {
    const shown = [...new Set(this.model.boxes.filter((box) => !box.inside).map((box) => box.family))]
      .filter((name) => name && name !== "input" && name !== "output")
      .sort();
    by("legend").replaceChildren(
      ...shown.map((name) => el("span", { class: `key f-${name}` }, FAMILIES[name] || name)),
    );
  }
}
const FAMILIES = {
  join: "sum, product, concat",
  linear: "dense, products",
  pool: "pooling",
  norm: "normalization",
  lookup: "embedding",
  moves: "moves data",
};
