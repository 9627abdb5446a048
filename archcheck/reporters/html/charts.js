// Charts: params and MACs by node, what is in memory over time, and the roofline.

const [WIDE, HIGH, LEFT, BOTTOM, TOP] = [640, 190, 62, 24, 10];
const MOST_BARS = 320;

function frame(title, note) {
  const image = svg("svg", {
    viewBox: `0 0 ${WIDE} ${HIGH}`,
    class: "plot",
    role: "img",
    "aria-label": title,
  });
  const box = el(
    "figure",
    { class: "chart" },
    el("figcaption", {}, el("strong", {}, title), " ", note || ""),
    image,
  );
  return [box, image];
}
const px = (value) => value.toFixed(1);

function axes(image, most, show) {
  for (const part of [0, 0.5, 1]) {
    const y = HIGH - BOTTOM - part * (HIGH - BOTTOM - TOP);
    image.append(
      svg("line", { class: "grid", x1: LEFT, x2: WIDE - 6, y1: px(y), y2: px(y) }),
      svg(
        "text",
        { class: "tick", x: LEFT - 5, y: px(y + 3), "text-anchor": "end" },
        show(BigInt(Math.round(Number(most) * part))),
      ),
    );
  }
}

// Bars of the nodes in the order they run; several nodes share a bar where they are many.
function bars(model, key, title, show) {
  const values = model.nodes.map((node) => model.at(node[key]));
  const per = Math.ceil(values.length / MOST_BARS),
    [box, image] = frame(title, per > 1 ? `(${per} nodes a bar)` : "");
  const sums = [];
  values.forEach((value, k) => {
    sums[Math.floor(k / per)] = (sums[Math.floor(k / per)] ?? 0n) + (value ?? 0n);
  });
  const most = sums.reduce((a, b) => (a > b ? a : b), 1n),
    step = (WIDE - 6 - LEFT) / sums.length;
  axes(image, most, show);
  const room = HIGH - BOTTOM - TOP;
  sums.forEach((value, k) => {
    const high = (Number(value) / Number(most)) * room;
    if (!value) return;
    let index = k * per;
    for (let n = index; n < Math.min(values.length, index + per); n++)
      if ((values[n] ?? 0n) > (values[index] ?? 0n)) index = n;
    image.append(
      svg(
        "rect",
        {
          class: "bar",
          x: px(LEFT + k * step),
          y: px(HIGH - BOTTOM - high),
          width: px(Math.max(0.8, step - 0.6)),
          height: px(Math.max(0.5, high)),
          "data-node": index,
          onclick: () => model.selectNode(index),
        },
        svg("title", {}, `${short(model.nodes[index].name, 80)}: ${show(value)}`),
      ),
    );
  });
  image.append(svg("text", { class: "tick", x: LEFT, y: HIGH - 8 }, "nodes in the order they run →"));
  return box;
}

function memoryChart(model) {
  const live = model.timeline(),
    unknown = model.data.memory.unknown;
  const [box, image] = frame(
    "Live memory",
    `weights not counted${unknown ? `; ${unknown} values of unknown size are left out` : ""}`,
  );
  if (!model.isValid || !live.length) return box;
  const peak = live.reduce((best, value, k) => (value > live[best] ? k : best), 0),
    most = live[peak] || 1n;
  axes(image, most, inBytes);
  const step = (WIDE - 6 - LEFT) / live.length,
    room = HIGH - BOTTOM - TOP;
  const y = (value) => px(HIGH - BOTTOM - (Number(value) / Number(most)) * room);
  const path = live.map((value, k) => `H${px(LEFT + k * step)}V${y(value)}`).join("");
  image.append(
    svg(
      "path",
      {
        class: "area",
        d: `M${LEFT},${HIGH - BOTTOM}${path}H${WIDE - 6}V${HIGH - BOTTOM}Z`,
        onclick: (event) =>
          model.selectNode(
            Math.min(
              live.length - 1,
              Math.max(0, Math.floor(((event.offsetX / image.clientWidth) * WIDE - LEFT) / step)),
            ),
          ),
      },
      svg("title", {}, `peak ${inBytes(most)} at ${short(model.nodes[peak].name, 80)}`),
    ),
    svg("circle", { class: "peak", cx: px(LEFT + (peak + 0.5) * step), cy: y(most), r: 4 }),
    svg(
      "text",
      { class: "tick strong", x: px(Math.min(WIDE - 210, LEFT + peak * step + 8)), y: TOP + 11 },
      `${inBytes(most)} at ${short(model.nodes[peak].name, 26)}`,
    ),
  );
  image.append(svg("text", { class: "tick", x: LEFT, y: HIGH - 8 }, "nodes in the order they run →"));
  return box;
}

// FLOPs a byte against the FLOPs a second that the device allows for them.
function roofline(model, device) {
  const [box, image] = frame(`Roofline: ${device.name}`, device.source);
  const points = model.nodes
    .map((node) => [node, model.at(node.flops), model.at(node.moved), device.peaks[node.computed]])
    .filter(([, flops, moved, peak]) => flops && moved && peak)
    .map(([node, flops, moved, peak]) => {
      const intensity = Number(flops) / Number(moved),
        reach = Math.min(peak, intensity * device.bandwidth);
      return {
        node,
        intensity,
        reach,
        seconds: Number(flops) / reach,
        by: reach < peak ? "memory" : "compute",
      };
    });
  if (!points.length) {
    image.append(
      svg(
        "text",
        { class: "tick", x: LEFT, y: 60 },
        "The device has no figure for the dtypes that this network computes in.",
      ),
    );
    return box;
  }
  const peak = Math.max(...Object.values(device.peaks));
  const [x0, x1] = [
    Math.log10(Math.min(0.1, ...points.map((p) => p.intensity))),
    Math.log10(Math.max(1000, (4 * peak) / device.bandwidth, ...points.map((p) => p.intensity))),
  ];
  const [y0, y1] = [Math.log10(Math.min(...points.map((p) => p.reach))) - 0.3, Math.log10(peak) + 0.2];
  const X = (i) => LEFT + ((Math.log10(i) - x0) / (x1 - x0)) * (WIDE - 6 - LEFT),
    Y = (f) => HIGH - BOTTOM - ((Math.log10(f) - y0) / (y1 - y0)) * (HIGH - BOTTOM - TOP);
  for (let d = Math.ceil(x0); d <= x1; d++)
    image.append(
      svg("line", { class: "grid", x1: px(X(10 ** d)), x2: px(X(10 ** d)), y1: TOP, y2: HIGH - BOTTOM }),
      svg(
        "text",
        {
          class: "tick",
          x: px(X(10 ** d)),
          y: HIGH - 10,
          "text-anchor": X(10 ** d) > WIDE - 20 ? "end" : "middle",
        },
        d < 0 ? String(10 ** d) : compact(10 ** d),
      ),
    );
  for (let d = Math.ceil(y0); d <= y1; d++)
    image.append(
      svg("line", { class: "grid", x1: LEFT, x2: WIDE - 6, y1: px(Y(10 ** d)), y2: px(Y(10 ** d)) }),
      svg(
        "text",
        { class: "tick", x: LEFT - 5, y: px(Y(10 ** d) + 3), "text-anchor": "end" },
        `${compact(10 ** d)}`,
      ),
    );
  for (const top of new Set(points.map((p) => device.peaks[p.node.computed]))) {
    const ridge = top / device.bandwidth;
    image.append(
      svg("path", {
        class: "roof",
        d: `M${px(X(10 ** x0))},${px(Y(Math.max(10 ** y0, 10 ** x0 * device.bandwidth)))}L${px(X(ridge))},${px(Y(top))}H${WIDE - 6}`,
      }),
    );
  }
  const alike = new Map(),
    total = points.reduce((a, p) => a + p.seconds, 0),
    bound = points.filter((p) => p.by === "memory").reduce((a, p) => a + p.seconds, 0);
  for (const p of points) {
    const key = `${p.intensity.toPrecision(3)} ${p.reach.toPrecision(3)}`,
      first = alike.get(key);
    if (first) {
      first.all += p.seconds;
      first.count += 1;
    } else alike.set(key, { ...p, all: p.seconds, count: 1 });
  }
  const longest = Math.max(...[...alike.values()].map((p) => p.all));
  for (const p of alike.values())
    image.append(
      svg(
        "circle",
        {
          class: `dot ${p.by}`,
          cx: px(X(p.intensity)),
          cy: px(Y(p.reach)),
          r: px(2 + 6 * Math.sqrt(p.all / longest)),
          onclick: () => model.selectNode(p.node.index),
        },
        svg(
          "title",
          {},
          `${short(p.node.name, 80)}${p.count > 1 ? ` and ${p.count - 1} like it` : ""}: ${p.intensity.toPrecision(3)} FLOPs a byte, at least ${(p.all * 1e6).toPrecision(3)} µs, held up by ${p.by}`,
        ),
      ),
    );
  box.append(
    el(
      "p",
      { class: "hint" },
      `At least ${(total * 1e3).toPrecision(3)} ms if nodes run one by one, ${Math.round((100 * bound) / total)} % of it held up by memory. Across: FLOPs a byte, up: FLOPs a second; areas: time.`,
    ),
  );
  return box;
}

class ChartsView {
  constructor(model) {
    this.model = model;
    this.device =
      model.data.devices.find((device) => Object.keys(device.peaks).length) || model.data.devices[0];
    model.on(
      "sizes",
      lazily(by("charts"), () => this.draw()),
    );
  }
  draw() {
    const { model } = this;
    const picker = el(
      "select",
      {
        id: "device",
        "aria-label": "Device",
        onchange: (event) => {
          this.device = model.data.devices.find((d) => d.name === event.target.value);
          this.draw();
          by("device").focus();
        },
      },
      model.data.devices.map((device) =>
        el("option", { value: device.name, selected: device === this.device }, device.name),
      ),
    );
    by("plots").replaceChildren(
      bars(model, "macs", "MACs by node", compact),
      bars(model, "params", "Params by node", compact),
      memoryChart(model),
      el("div", {}, roofline(model, this.device), el("label", { class: "hint" }, "Device ", picker)),
    );
  }
}
