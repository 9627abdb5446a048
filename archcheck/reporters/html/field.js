// The receptive field on the input: which positions a position of a node's output reads.

const MOST_DRAWN = 20000;

// Whether a formula says what each position reads.
const isRegular = (field) => field.lo.length > 0 && (field.axis === null || field.step !== null);

class FieldView {
  constructor(model) {
    this.model = model;
    this.fields = model.data.fields;
    this.ids = Object.keys(this.fields.of)
      .map(Number)
      .filter((index) => this.moving(index).length);
    this.node = this.ids[Math.floor(this.ids.length / 2)];
    this.at = [null, null];
    if (!this.ids.length) {
      by("reads").append(
        el("p", { class: "note" }, "No position of an output reads only a part of an input."),
      );
      return;
    }
    this.picker = el(
      "select",
      { id: "field-node", onchange: (event) => this.choose(Number(event.target.value), true) },
      this.ids.map((index) =>
        el("option", { value: index }, short(`${model.nodes[index].name} (${model.nodes[index].op})`, 60)),
      ),
    );
    this.changed = lazily(by("field"), () => this.draw());
    model.on("sizes", this.changed);
    model.on("selection", () => {
      const { node } = model.selected;
      if (node !== null && node !== this.node && node in this.fields.of && this.moving(node).length)
        this.choose(node);
    });
  }

  choose(node, tell = false) {
    this.node = node;
    this.at = [null, null];
    this.changed();
    if (tell) this.model.selectNode(node, { quiet: true });
  }

  moving(index) {
    return this.fields.of[index].filter((k) => k >= 0 && this.fields.table[k].axis !== null);
  }

  // What the formula leaves open where there are no exact sets.
  unsure(field) {
    if (field.whole) return "";
    return isRegular(field)
      ? "by the formula: holes are not looked for, and near the borders it may be less"
      : "at most: what is read differs from place to place";
  }

  // For each axis of the input: its extent, the field, how many positions the output has, and where it is asked.
  sides() {
    const { model, fields } = this,
      node = model.nodes[this.node];
    return fields.axes.map(([source, place, extent], k) => {
      const field = fields.of[this.node][k] < 0 ? null : fields.table[fields.of[this.node][k]];
      const size = model.at(extent),
        count = field && field.axis !== null && node.shape ? model.at(node.shape[field.axis]) : 1n;
      const last = count === null ? 0 : Number(count) - 1;
      const at = Math.min(this.at[k] ?? Math.floor((last + 1) / 2), Math.max(0, last));
      return {
        k,
        source,
        place,
        extent: size === null ? null : Number(size),
        field,
        count: count === null ? null : Number(count),
        at,
        runs: null,
      };
    });
  }

  isAtStart() {
    return this.model.data.symbols.every((symbol, k) => BigInt(symbol.start) === this.model.values[k]);
  }

  // What is read along an axis: runs [from, to] and whether they are exact.
  read(side) {
    const sets = this.isAtStart() ? this.fields.exact[this.node] : undefined;
    const [from, to] = this.hull(side);
    const row = sets && sets[side.k] >= 0 ? this.fields.rows[sets[side.k]] : null;
    if (row && (row[0] === null || (side.field && row[0] === side.field.axis))) {
      const [axis, firsts, shapes] = row;
      const at = axis === null ? 0 : side.at;
      let place = firsts[at];
      const runs = [];
      this.fields.patterns[shapes[at]].forEach((length, k) => {
        if (k % 2 === 0) runs.push([place, place + length - 1]);
        place += length;
      });
      return { runs, exact: true, from, to };
    }
    return {
      runs:
        from === null ? [] : [[Math.max(0, from), Math.min(side.extent - 1, to)]].filter(([a, b]) => a <= b),
      exact: false,
      from,
      to,
    };
  }

  // The first and the last position by the formula, those in the padding too.
  hull({ field, at, extent }) {
    if (!field || extent === null) return [null, null];
    const whole = [0, extent - 1];
    if (field.whole || !isRegular(field)) return whole;
    const { v } = this.model,
      phase = at % field.lo.length,
      [low, high, step] = [field.lo[phase], field.hi[phase], field.axis === null ? 0n : v[field.step]];
    if (step === null || v[low] === null || v[high] === null) return whole;
    const shift = Number(step) * Math.floor(at / field.lo.length);
    return [low === "-" ? 0 : Number(v[low]) + shift, high === "+" ? extent - 1 : Number(v[high]) + shift];
  }

  draw() {
    const { model } = this,
      node = model.nodes[this.node];
    if (!model.isValid) {
      by("reads").replaceChildren(
        el("p", { class: "note" }, "No field at these sizes: the network does not run."),
      );
      return;
    }
    const sides = this.sides(),
      keep = document.activeElement && document.activeElement.id;
    const reads = sides.map((side) => this.read(side));
    by("reads").replaceChildren(
      this.controls(sides),
      el("div", { class: "split" }, this.picture(sides, reads), this.words(node, sides, reads)),
      el(
        "p",
        { class: "hint" },
        "Filled: what is read. Dashed: all of the field, the padding too. Thin: the field of the next position along each axis, a stride further. Dotted: how far fields reach into the padding.",
      ),
    );
    if (keep && by(keep)) by(keep).focus();
  }

  controls(sides) {
    const { picker } = this;
    picker.value = this.node;
    const positions = sides
      .filter((side) => side.field && side.field.axis !== null && side.count > 1)
      .map((side) =>
        el(
          "label",
          {},
          `position along axis ${side.field.axis} `,
          el("input", {
            type: "range",
            id: `field-at-${side.k}`,
            min: 0,
            max: side.count - 1,
            value: side.at,
            "aria-label": `Position along axis ${side.field.axis} of the output`,
            oninput: (event) => {
              this.at[side.k] = Number(event.target.value);
              this.draw();
            },
          }),
          el("output", {}, `${side.at} of 0…${side.count - 1}`),
        ),
      );
    return el("div", { class: "tools" }, el("label", {}, "node ", picker), positions);
  }

  // What the position after the one that is asked for reads, by the formula; null where there is none.
  next(side) {
    if (!side.field || side.field.axis === null || side.field.whole || !isRegular(side.field)) return null;
    if (side.at + 1 >= side.count) return null;
    const [from, to] = this.hull({ ...side, at: side.at + 1 });
    return { from, to };
  }

  // The places along an axis that the picture shows: the input, and as much padding as some position reads.
  range(side) {
    const ends = [0, (side.count || 1) - 1].map((at) => this.hull({ ...side, at }));
    const [low, high] = [
      Math.min(0, ...ends.map(([from]) => from ?? 0)),
      Math.max(side.extent - 1, ...ends.map(([, to]) => to ?? 0)),
    ];
    return [Math.max(low, -side.extent), Math.min(high, 2 * side.extent - 1)];
  }

  // The input as a square, or a strip where it has one axis.
  picture(sides, reads) {
    const across = sides.length > 1 ? 1 : 0,
      strip = { from: 0, to: 0, runs: [[0, 0]] };
    const column = reads[across],
      row = across ? reads[0] : strip;
    const [x0, x1] = this.range(sides[across]),
      [y0, y1] = across ? this.range(sides[0]) : [0, 0];
    const wide = sides[across].extent,
      high = across ? sides[0].extent : 1;
    const sx = 360 / (across ? Math.max(x1 - x0 + 1, y1 - y0 + 1) : x1 - x0 + 1),
      sy = across ? sx : 30,
      margin = 30;
    const cell = (name, [a, b], [c, d], more = {}) =>
      svg("rect", {
        class: name,
        x: px(a * sx),
        y: px(c * sy),
        width: px((b - a + 1) * sx),
        height: px((d - c + 1) * sy),
        ...more,
      });
    const image = svg("svg", {
      class: "plot input",
      id: "field-picture",
      role: "img",
      viewBox: `${px(x0 * sx - margin)} ${px(y0 * sy - 8)} ${px((x1 - x0 + 1) * sx + margin + 8)} ${px((y1 - y0 + 1) * sy + 28)}`,
      "aria-label": plain(
        `What position ${sides.map((s) => s.at).join(", ")} reads of ${sides[across].source}`,
      ),
    });
    image.append(
      cell("padding", [x0, x1], [y0, y1]),
      cell("ground", [0, wide - 1], [0, high - 1], {
        onclick: (event) => this.pick(event, image, sides, [sx, sy]),
      }),
    );
    const lies = ({ from, to }, low, top) =>
      from === null || from > to ? null : [Math.max(low, from), Math.min(top, to)];
    const [h, v] = [lies(column, x0, x1), lies(row, y0, y1)];
    const frame = (name, xs, ys) => {
      if (xs && ys && xs[0] <= xs[1] && ys[0] <= ys[1]) image.append(cell(name, xs, ys));
    };
    const [right, below] = [sides[across], across ? sides[0] : null].map((side) => side && this.next(side));
    if (right) frame("next", lies(right, x0, x1), v);
    if (below) frame("next", h, lies(below, y0, y1));
    frame("hull", h, v);
    if (row.runs.length * column.runs.length <= MOST_DRAWN) {
      for (const y of row.runs) for (const x of column.runs) image.append(cell("read", x, y));
    }
    image.append(
      svg("text", { class: "tick", x: 0, y: px((y1 + 1) * sy + 13) }, "0"),
      svg(
        "text",
        { class: "tick", x: px(wide * sx), y: px((y1 + 1) * sy + 13), "text-anchor": "end" },
        String(wide - 1),
      ),
    );
    if (across)
      image.append(
        svg(
          "text",
          { class: "tick", x: px(x0 * sx - 4), y: px(high * sy), "text-anchor": "end" },
          String(high - 1),
        ),
        svg("text", { class: "tick", x: px(x0 * sx - 4), y: 8, "text-anchor": "end" }, "0"),
      );
    return image;
  }

  // A click on the input asks for the position that lies there, the output stretched over the input.
  pick(event, image, sides, scale) {
    const box = image.getBoundingClientRect(),
      view = image.viewBox.baseVal,
      factor = view.width / box.width;
    const places = [
      (event.clientX - box.left) * factor + view.x,
      (event.clientY - box.top) * factor + view.y,
    ].map((value, k) => value / scale[k]);
    sides.forEach((side) => {
      if (!side.field || side.field.axis === null || !side.count) return;
      const wanted = sides.length < 2 || side.k === 1 ? places[0] : places[1];
      this.at[side.k] = Math.max(
        0,
        Math.min(side.count - 1, Math.floor((wanted / side.extent) * side.count)),
      );
    });
    this.draw();
  }

  words(node, sides, reads) {
    const rows = sides.map((side, k) => {
      const { field } = side,
        { runs, exact: sure, from, to } = reads[k],
        name = `axis ${side.place} of ${side.source}`;
      if (!field) return [el("dt", {}, name), el("dd", {}, "does not depend on it")];
      const sizes = field.sizes
        .map((size) => (size < 0 ? "not fixed" : exact(this.model.at(size))))
        .join(" or ");
      const shown =
        runs
          .slice(0, 12)
          .map(([a, b]) => (a === b ? a : `${a}…${b}`))
          .join(", ") + (runs.length > 12 ? ", …" : "");
      const before = from === null ? 0 : Math.max(0, -from),
        after = from === null ? 0 : Math.max(0, to - side.extent + 1);
      const holes = runs.slice(1).reduce((sum, [a], i) => sum + a - runs[i][1] - 1, 0);
      return [
        el("dt", {}, name),
        el(
          "dd",
          {},
          field.whole ? "reads all of it" : `size ${sizes}, stride ${field.stride ?? "differs"}`,
          el("br"),
          runs.length ? `reads ${shown}` : "reads nothing",
          el("br"),
          before || after
            ? `${before} before and ${after} after are padding`
            : "nothing of it in the padding",
          el("br"),
          holes ? `${holes} positions in between are not read` : sure ? "no holes" : this.unsure(field),
          field.bound && !sure ? [el("br"), `at most: ${field.why || "it may be less"}`] : "",
        ),
      ];
    });
    return el(
      "dl",
      { class: "facts", id: "field-words" },
      el("dt", {}, "output"),
      el("dd", {}, el("bdi", {}, short(node.value, 80)), ` ${this.model.shape(node.shape)}`),
      rows,
    );
  }
}
