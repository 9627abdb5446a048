// Sizes, worked out in whole numbers of any length. null is what is not known.

const floorDiv = (a, b) => {
  if (b === 0n) return null;
  const q = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? q - 1n : q;
};
const bcast = (a, b) => (b === 1n ? a : a === 1n ? b : a);
const FUNCTIONS = {
  floor: floorDiv,
  min: (a, b) => (a < b ? a : b),
  max: (a, b) => (a > b ? a : b),
  bcast,
};

function product([c, ...factors], known) {
  let value = BigInt(c);
  for (const place of factors) {
    if (known[place] === null) return null;
    value *= known[place];
  }
  return value;
}

function sum(terms, known) {
  let total = 0n;
  for (const term of terms) {
    const value = product(term, known);
    if (value === null) return null;
    total += value;
  }
  return total;
}

function entryValue(entry, known, values) {
  if (!Array.isArray(entry)) return BigInt(entry);
  const [kind, ...args] = entry;
  if (kind === "?") return null;
  if (kind === "s") return values[args[0]];
  if (kind === "+") return sum(args, known);
  const given = args.map((place) => known[place]);
  return given.reduce((a, b) => (a === null || b === null ? null : FUNCTIONS[kind](a, b)));
}

// The values of all entries of a pool; an entry is made of earlier ones only.
function evaluate(pool, values) {
  const known = [];
  for (const entry of pool) known.push(entryValue(entry, known, values));
  return known;
}

const HOLDS = {
  equal: (a, b) => a === b,
  broadcast: (a, b) => a === b || a === 1n || b === 1n,
  divides: (a, b) => b !== 0n && a % b === 0n,
  "at-least": (a, b) => a >= b,
};

// Whether n is in a set of sizes that repeats: [start, head, period, residues].
function inSet([start, head, period, residues], n) {
  if (n < 0n) return false;
  const bit = n < BigInt(start) ? BigInt(head) >> n : BigInt(residues) >> (n % BigInt(period));
  return (bit & 1n) === 1n;
}

function nearestIn(set, n) {
  for (let d = 1n; d <= 4096n; d++) {
    if (inSet(set, n + d)) return n + d;
    if (inSet(set, n - d)) return n - d;
  }
  return null;
}
