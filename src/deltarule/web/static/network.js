// The network as a picture: inputs below, outputs above, weights as lines, numbers on request.
// A weight and a node can be chosen. `stage` says how far the sweep has come: 0 the input, 1..L forward, L+1..2L back, 2L+1 all.

import { differences, number, say, short } from "./text.js";

const NS = "http://www.w3.org/2000/svg";
const R = 17;
const MOST_NAMED = 200; // weights that are reached with Tab, and whose names are kept up to date
const MOST_WORDS = 40; // weights that can carry a number each and still be read

// An attribute is set where it has changed: a page with thousands of lines is drawn many times.
function put(edge, name, value) {
  if (edge[name] === value) return;
  edge[name] = value;
  edge.line.setAttribute(name, value);
}

function make(name, attributes, parent, text) {
  const element = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  parent?.appendChild(element);
  return element;
}

// Of every layer, over its nodes and the rows that are looked at: |delta| and f', where learning
// slows down or stops. A strip goes from the least to the most, its box holds the middle half.
export function layerRows(start, passes) {
  const spreads = (name) => passes.layers.map((layer) => layer.spread[name]);
  const all = spreads("delta").filter(Boolean).flat().filter((v) => v > 0).map(Math.log10);
  const low = Math.min(...all), high = Math.max(...all);
  const log = (v) => (v > 0 ? (Math.log10(v) - low) / (high - low || 1) : 0);
  const most = Math.max(1e-300, ...spreads("slope").filter(Boolean).flat().map(Math.abs));
  return passes.layers.map(({ spread: { delta, slope } }, l) => [
    l + 1, start.activations[l], number(delta?.[5], 3), delta ? strip(delta, log) : "",
    number(slope?.[5], 3), slope ? strip(slope, (v) => Math.max(0, v) / most) : "", number(slope?.[0], 3),
  ]);
}

function strip([least, low, middle, high, most], place) {
  const words = say("spread", { least: number(least, 3), low: number(low, 3), middle: number(middle, 3), high: number(high, 3), most: number(most, 3) });
  const svg = make("svg", { viewBox: "0 0 124 14", class: "strip", role: "img", "aria-label": words });
  const [a, b, c, d, e] = [least, low, middle, high, most].map((v) => 2 + 120 * place(v));
  make("title", {}, svg, words);
  make("line", { x1: a, x2: Math.max(e, a + 1), y1: 7, y2: 7 }, svg);
  make("rect", { x: b, y: 2, width: Math.max(1, d - b), height: 10 }, svg);
  make("line", { x1: c, x2: c, y1: 1, y2: 13, class: "middle" }, svg);
  return svg;
}

export class Picture {
  constructor(place, hooks) {
    this.place = place;
    this.hooks = hooks; // {hover(says, l, j), click(l, j, k), node(l, j)}
    this.key = "";
    this.chosen = null;
  }

  // `lanes` are the passes of all lanes, of which the one at `k` is drawn; beside its numbers stand
  // how far the others' are from them
  draw(start, lanes, k, stage, withNumbers) {
    const passes = (this.passes = lanes[k]);
    this.others = lanes.map((other, m) => ({ other, name: `${say("lane")} ${m + 1}` })).filter((_, m) => m !== k);
    const key = JSON.stringify(start.sizes);
    if (key !== this.key || !this.svg.isConnected) this.build(start, start.sizes);
    this.key = key;
    this.update(start, passes, stage, withNumbers);
  }

  build(start, shown) {
    const widest = Math.max(...shown);
    const step = Math.max(2 * R + 5, Math.min(175, 1000 / widest));
    const rise = Math.max(112, Math.min(160, widest * 14));
    const width = Math.max(widest * step, 330) + 40;
    const height = (shown.length - 1) * rise + 110;
    const x = (l, j) => width / 2 + (j - (shown[l] - 1) / 2) * step;
    const y = (l) => height - 48 - l * rise;
    const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": `${start.sizes.join("-")}` });
    svg.style.minWidth = `${Math.min(640, 0.55 * width)}px`; // narrower, no letter could be read
    const lines = make("g", {}, svg), words = make("g", {}, svg), hits = make("g", {}, svg), nodes = make("g", {}, svg);
    this.readable = widest <= 20;
    this.step = step;
    this.edges = [];
    this.nodes = [];
    const many = shown.slice(1).reduce((sum, n, l) => sum + n * shown[l], 0);
    for (let l = 1; l < shown.length; l++) {
      for (let j = 0; j < shown[l]; j++) {
        for (let k = 0; k < shown[l - 1]; k++) {
          const ends = { x1: x(l - 1, k), y1: y(l - 1) - R, x2: x(l, j), y2: y(l) + R };
          const edge = { l, j, k, line: make("line", { ...ends, class: "edge" }, lines) };
          const where = 0.66 + 0.1 * (k % 2); // near the node it leads into, where lines are apart
          edge.word = make("text", { class: "weight", x: ends.x1 + where * (ends.x2 - ends.x1), y: ends.y1 + where * (ends.y2 - ends.y1) + 3 }, words);
          edge.readable = many <= MOST_WORDS;
          if (many <= 2000) this.listen(edge, make("line", { ...ends, class: "hit", tabindex: this.edges.length < MOST_NAMED ? 0 : -1, role: "button" }, hits));
          this.edges.push(edge);
        }
      }
    }
    for (let l = 0; l < shown.length; l++) {
      for (let j = 0; j < shown[l]; j++) {
        const group = make("g", {}, nodes);
        const node = { l, j, circle: make("circle", { cx: x(l, j), cy: y(l), r: R }, group) };
        node.inside = make("text", { x: x(l, j), y: y(l) + 4 }, group);
        node.name = make("text", { x: x(l, j), y: y(l) - R - 5, class: "faint" }, group);
        node.delta = make("text", { x: x(l, j) + R + 3, y: y(l) - 5, class: "beside" }, group);
        node.target = make("text", { x: x(l, j) + R + 3, y: y(l) + 11, class: "beside" }, group);
        node.below = make("text", { x: x(l, j), y: y(l) + R + 13, class: "faint" }, group);
        node.title = make("title", {}, group);
        node.group = group;
        const told = () => this.hooks.hover(() => node.title.textContent, l, j + 1), choose = () => this.hooks.node(l, j + 1);
        group.addEventListener("mouseenter", told);
        group.addEventListener("focus", told);
        group.setAttribute("role", l ? "button" : "img");
        if (l) {
          group.setAttribute("tabindex", 0);
          group.setAttribute("class", "node");
          group.addEventListener("click", choose);
          group.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); choose(); } });
        }
        this.nodes.push(node);
      }
    }
    this.names = [start.inputs, start.outputs];
    this.marked = "";
    this.place.replaceChildren(svg);
    this.svg = svg;
  }

  listen(edge, hit) {
    edge.hit = hit;
    const name = [edge.l, edge.j + 1, edge.k + 1];
    const choose = () => { this.chosen = name; this.mark(); this.hooks.click(...name); };
    hit.setAttribute("aria-label", `w[${name}]`);
    const told = () => { hit.setAttribute("aria-label", edge.says()); this.hooks.hover(() => edge.says(), edge.l, edge.j + 1, edge.k + 1); };
    hit.addEventListener("mouseenter", told);
    hit.addEventListener("focus", told);
    hit.addEventListener("click", choose);
    hit.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); choose(); } });
  }

  update(start, passes, stage, withNumbers) {
    const L = passes.layers.length;
    const largest = Math.max(1e-9, ...passes.layers.flatMap((layer) => layer.W.flat().map((w) => Math.abs(w) || 0)));
    for (const edge of this.edges) {
      const layer = passes.layers[edge.l - 1];
      const w = layer.W[edge.j][edge.k], g = layer.gW[edge.j][edge.k];
      const used = stage > L ? stage > 2 * L || edge.l > 2 * L + 1 - stage : edge.l <= stage;
      put(edge, "stroke", w < 0 ? "var(--minus)" : "var(--plus)");
      put(edge, "stroke-dasharray", w < 0 ? "6 3" : "none");
      put(edge, "stroke-width", (0.4 + 4.6 * Math.abs(w) / largest).toFixed(1));
      put(edge, "stroke-opacity", used ? 0.9 : 0.25);
      edge.says = () => `w[${edge.l},${edge.j + 1},${edge.k + 1}] = ${number(w, 6)}   dE/dw = delta[${edge.l},${edge.j + 1}] y[${edge.l - 1},${edge.k + 1}] = ${number(g, 6)}` + differences(this.others, this.passes, ({ layers: { [edge.l - 1]: of } }) => ({ w: of.W[edge.j][edge.k], "dE/dw": of.gW[edge.j][edge.k] }));
      if (edge.hit && this.edges.length <= MOST_NAMED) edge.hit.setAttribute("aria-label", edge.says());
      const text = !edge.readable || !withNumbers ? "" : short(stage > 2 * L ? g : w);
      if (edge.word.textContent !== text) edge.word.textContent = text;
    }
    for (const node of this.nodes) this.node(node, start, passes, stage, withNumbers, L);
    this.mark();
  }

  node(node, start, passes, stage, withNumbers, L) {
    const { l, j } = node;
    const layer = l ? passes.layers[l - 1] : null;
    const value = layer ? layer.y[j] : passes.x[j];
    const forward = stage >= l, back = l > 0 && stage >= 2 * L + 1 - l;
    const words = withNumbers && this.readable;
    node.inside.textContent = forward && words ? number(value, Math.abs(value) < 0.1 ? 2 : 3) : "";
    node.delta.textContent = back && words ? `δ ${number(layer.delta[j], 3)}` : "";
    node.target.textContent = l === L && stage > L && withNumbers ? `T ${number(passes.T[j], 3)}` : "";
    const name = l === 0 ? start.inputs[j] : l === L ? start.outputs[j] ?? "" : "";
    const named = start.sizes[l] === 1 || 5.5 * String(name ?? "").length < this.step ? name : j + 1; // its number, where the name has no room
    node.below.textContent = l === 0 ? named : "";
    if (l === L) node.name.textContent = named;
    const strength = forward && typeof value === "number" ? Math.min(1, Math.abs(value)) : 0;
    node.circle.setAttribute("fill", strength ? (value < 0 ? "var(--minus)" : "var(--plus)") : "var(--paper)");
    node.circle.setAttribute("fill-opacity", (0.45 * strength).toFixed(3));
    node.circle.setAttribute("stroke-width", back ? (1.2 + Math.min(5, 12 * Math.abs(layer.delta[j]))).toFixed(2) : 1.2);
    const says = l === 0
      ? `y[0,${j + 1}] = ${number(value, 6)}   ${name ?? ""}`
      : `net[${l},${j + 1}] = ${number(layer.net[j], 6)}   y = f(net) = ${number(value, 6)}   f'(net) = ${number(layer.slope[j], 6)}   dE/dy = ${number(layer.dE_dy[j], 6)}   delta = ${number(layer.delta[j], 6)}` + (layer.b ? `   b = ${number(layer.b[j], 6)}` : "") + differences(this.others, passes, ({ layers: { [l - 1]: of } }) => ({ net: of.net[j], y: of.y[j], "f'": of.slope[j], "dE/dy": of.dE_dy[j], delta: of.delta[j] }));
    if (node.title.textContent === says) return;
    node.title.textContent = says;
    node.group.setAttribute("aria-label", says);
  }

  // what is pointed at elsewhere: a layer (l), a node (l, j) or a weight (l, j, k)
  link(l, j, k) {
    for (const node of this.nodes) node.group.classList.toggle("linked", node.l === l && !k && (!j || node.j + 1 === j));
    for (const edge of this.edges) edge.line.classList.toggle("linked", Boolean(k) && edge.l === l && edge.j + 1 === j && edge.k + 1 === k);
  }

  // the paths of the chosen weight: itself, and every weight above the node it leads into
  mark() {
    const marked = `${this.key} ${this.chosen}`;
    if (marked === this.marked) return;
    this.marked = marked;
    for (const edge of this.edges) {
      const c = this.chosen;
      const on = c && (edge.l === c[0] ? edge.j + 1 === c[1] && edge.k + 1 === c[2] : edge.l === c[0] + 1 ? edge.k + 1 === c[1] : edge.l > c[0]);
      edge.line.classList.toggle("on-path", Boolean(on));
    }
  }
}
