// What the page knows, what is selected, and the numbers at the sizes that are set.

const FIELDS = {
  name: 0,
  op: 1,
  scope: 2,
  value: 3,
  dtype: 4,
  shape: 5,
  params: 6,
  macs: 7,
  flops: 8,
  moved: 9,
  computed: 10,
  why: 11,
};

class Model {
  constructor(data) {
    this.data = data;
    this.nodes = data.nodes.map((row, index) => {
      const node = { index };
      for (const [key, place] of Object.entries(FIELDS)) node[key] = row[place];
      return node;
    });
    this.boxes = data.boxes;
    this.open = new Set(data.open);
    this.values = data.symbols.map((symbol) => BigInt(symbol.start));
    this.listeners = { sizes: [], selection: [], opened: [] };
    this.selected = { box: 0, node: null };
    this.link();
    this.work();
  }

  // Parents of boxes, the innermost box of each node, and the nodes by name.
  link() {
    this.byId = new Map();
    this.boxOf = new Array(this.nodes.length).fill(-1);
    this.boxes.forEach((box, k) => {
      box.place = k;
      if (k === 0) box.parent = -1;
      this.byId.set(box.id, k);
      for (const [child] of box.inside || []) this.boxes[child].parent = k;
      for (const index of this.nodesOf(k)) this.boxOf[index] = k;
    });
    this.byName = new Map();
    for (const node of this.nodes)
      for (const name of [node.value, node.name]) if (name) this.byName.set(name, node.index);
  }

  nodesOf(k) {
    const runs = this.boxes[k].nodes,
      found = [];
    for (let i = 0; i < runs.length; i += 2) for (let n = 0; n < runs[i + 1]; n++) found.push(runs[i] + n);
    return found;
  }

  work() {
    this.v = evaluate(this.data.pool, this.values);
    this.broken = this.violations();
    this.isValid = this.broken.length === 0 && this.data.valid.problems.length === 0;
  }

  violations() {
    return this.data.constraints.filter(
      ([kind, a, b]) => this.v[a] === null || this.v[b] === null || !HOLDS[kind](this.v[a], this.v[b]),
    );
  }

  at(place) {
    return place < 0 || !this.isValid ? null : this.v[place];
  }

  total(key, nodes = null) {
    let value = 0n,
      missing = 0;
    for (const node of nodes === null ? this.nodes : nodes.map((k) => this.nodes[k])) {
      const own = this.at(node[key]);
      if (own === null) missing += 1;
      else value += own;
    }
    return { value, missing };
  }

  shape(shape) {
    return shape && !this.isValid
      ? shape.map((k) => (Array.isArray(this.data.pool[k]) ? "–" : this.v[k])).join(BY) || "scalar"
      : shapeText(shape, this.v);
  }

  // What is in memory while each node runs.
  timeline() {
    const { tensors, work } = this.data.memory,
      count = this.nodes.length;
    const live = new Array(count + 1).fill(0n);
    for (const [bytes, first, last] of tensors) {
      const size = this.at(bytes);
      if (size === null) continue;
      live[first] += size;
      live[last + 1] -= size;
    }
    for (let k = 1; k < count; k++) live[k] += live[k - 1];
    live.length = count;
    for (const [index, bytes] of work) live[index] += this.at(bytes) ?? 0n;
    return live;
  }

  set(place, value) {
    this.values[place] = value;
    this.work();
    if (this.soon) return;
    this.soon = true;
    requestAnimationFrame(() => {
      this.soon = false;
      this.tell("sizes");
    });
  }

  on(what, listener) {
    this.listeners[what].push(listener);
  }
  tell(what, ...args) {
    for (const listener of this.listeners[what]) listener(...args);
  }

  select(box, node = null, how = {}) {
    if (node === null && box >= 0 && this.boxes[box].nodes[1] === 1 && this.boxes[box].nodes.length === 2)
      node = this.boxes[box].nodes[0];
    this.selected = { box, node };
    for (let k = box >= 0 ? this.boxes[box].parent : -1; k >= 0; k = this.boxes[k].parent)
      if (!this.open.has(k)) {
        this.open.add(k);
        how.moved = true;
      }
    if (how.moved) this.tell("opened");
    this.tell("selection", how);
  }
  selectNode(index, how = {}) {
    this.select(this.boxOf[index], index, how);
  }

  toggle(k) {
    if (!this.boxes[k].inside || k === 0) return;
    if (this.open.has(k)) this.open.delete(k);
    else this.open.add(k);
    this.tell("opened", k);
  }
}
