// Words and elements. Text is only ever set as text, never as HTML.

const PREFIXES = ["", "k", "M", "G", "T", "P", "E"];
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const BY = " × ";

const exact = (value) => (value === null ? "?" : value.toString().replace(/\B(?=(\d{3})+$)/g, ","));

function scaled(value, base, units) {
  let number = Number(value),
    k = 0;
  while (number >= base * 0.9995 && k < units.length - 1) {
    number /= base;
    k += 1;
  }
  return (
    (k ? number.toPrecision(4).replace(/\.?0+$/, "") : String(number)) + (units[k] ? " " + units[k] : "")
  );
}
const compact = (value) => (value === null ? "?" : scaled(value, 1000, PREFIXES));
const inBytes = (value) => (value === null ? "?" : scaled(value, 1024, UNITS));
const atLeast = ({ value, missing }, show) => (missing ? (value ? "≥ " + show(value) : "?") : show(value));

const shapeText = (shape, v) =>
  shape === null || shape === undefined
    ? "?"
    : shape.map((k) => (v[k] === null ? "?" : String(v[k]))).join(BY) || "scalar";

// Characters that a page would obey or hide are shown by their codes.
const plain = (text) =>
  String(text).replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (c) =>
    c === "\n" ? c : "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"),
  );
const short = (text, most) =>
  text.length > most ? text.slice(0, most >> 1) + "…" + text.slice(-(most >> 1)) : text;

function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  return filled(made, attributes, children);
}
function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}
function filled(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    made.append(child instanceof Node ? child : document.createTextNode(plain(child)));
  }
  return made;
}
const by = (id) => document.getElementById(id);
const isolated = (text) => el("bdi", {}, text);

// The little Markdown that pages of rules are written in.
function markdown(text) {
  const out = el("div", { class: "page" });
  let code = null,
    block = [];
  const flush = () => {
    if (block.length) out.append(el("p", {}, inline(block.join(" "))));
    block = [];
  };
  for (const line of text.split("\n")) {
    if (line.startsWith("```")) {
      if (code === null) {
        flush();
        code = [];
      } else {
        out.append(el("pre", {}, code.join("\n")));
        code = null;
      }
    } else if (code !== null) code.push(line);
    else if (/^#+ /.test(line)) {
      flush();
      out.append(el("h4", {}, inline(line.replace(/^#+ /, ""))));
    } else if (/^[-*] /.test(line)) {
      flush();
      out.append(el("p", { class: "item" }, inline("• " + line.slice(2))));
    } else if (!line.trim()) flush();
    else block.push(line.trim());
  }
  flush();
  return out;
}
const inline = (text) =>
  text
    .split(/(`[^`]+`|\*\*[^*]+\*\*|\*[^*]+\*)/)
    .map((part) =>
      part.startsWith("`") && part.length > 1
        ? el("code", {}, part.slice(1, -1))
        : part.startsWith("**") && part.length > 3
          ? el("strong", {}, part.slice(2, -2))
          : part.startsWith("*") && part.length > 1 && part.endsWith("*")
            ? el("em", {}, part.slice(1, -1))
            : part,
    );

// Draws what is in a section when it is seen, or printed: gives what to call when it has changed.
function lazily(section, draw) {
  let stale = true,
    seen = false;
  const now = () => {
    if (stale) {
      stale = false;
      draw();
    }
  };
  new IntersectionObserver(
    (entries) => {
      seen = entries.at(-1).isIntersecting; // a busy browser tells several at once, the oldest first
      if (seen) now();
    },
    { rootMargin: "200px" },
  ).observe(section);
  addEventListener("beforeprint", now);
  return () => {
    stale = true;
    if (seen) now();
  };
}
