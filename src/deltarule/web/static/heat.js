// A network of large layers as heat maps: of every layer W, with y beside it and the y below it, and
// dE/dw = delta y, with these two. A cell is a weight or, where they are many, the largest of
// several: Enter or a click looks closer, at nodes one by one, and takes a single weight apart.

import { differences, number, say } from "./text.js";

const MAPS = [["W", "y"], ["gW", "delta"]]; // a matrix, and the vector at its left
const STEP = 32; // nodes that the view of a large layer moves by

const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

const span = (first, last) => (first === last ? first : `${first}–${last}`);

// as #rrggbb, in light and dark
function colours() {
  const style = getComputedStyle(document.documentElement), own = (name) => style.getPropertyValue(name).trim();
  const hex = (name) => (own(name).length === 4 ? own(name).replace(/\w/g, "$&$&") : own(name));
  return Object.fromEntries(["paper", "plus", "minus", "mark", "line", "ink"].map((name) => [name, hex(`--${name}`)]));
}

export class Heat {
  // hooks: hover(says), click(l, j, k), and look(firsts) where nodes can be asked for one by one
  constructor(place, hooks) {
    Object.assign(this, { place, hooks, chosen: null, maps: [] });
    new ResizeObserver(() => requestAnimationFrame(() => this.paint())).observe(place); // its size follows what is painted
  }

  draw(start, lanes, k, stage) {
    Object.assign(this, { start, stage, passes: lanes[k] });
    this.others = lanes.map((other, m) => ({ other, name: `${say("lane")} ${m + 1}` })).filter((_, m) => m !== k);
    if (this.maps.length !== 2 * this.passes.layers.length || !this.maps[0].canvas.isConnected) this.build();
    this.paint();
  }

  build() {
    this.maps = [];
    this.whole = Object.assign(document.createElement("button"), { type: "button" });
    this.whole.addEventListener("click", () => this.hooks.look(this.start.sizes.map(() => null)));
    this.place.replaceChildren(this.whole);
    for (let l = this.passes.layers.length; l > 0; l--) {
      const pair = document.createElement("div");
      pair.className = "heat";
      for (const [matrix, beside] of MAPS) {
        const figure = document.createElement("figure"), canvas = document.createElement("canvas");
        const map = { l, matrix, beside, canvas, caption: document.createElement("figcaption"), j: 0, k: 0 };
        canvas.tabIndex = 0;
        canvas.setAttribute("role", "application");
        canvas.addEventListener("pointermove", (event) => this.point(map, event));
        canvas.addEventListener("click", (event) => { this.point(map, event); this.enter(map); });
        canvas.addEventListener("focus", () => this.move(map, 0, 0));
        canvas.addEventListener("blur", () => this.paint());
        canvas.addEventListener("keydown", (event) => this.key(map, event));
        figure.append(canvas, map.caption);
        pair.append(figure);
        this.maps.push(map);
      }
      this.place.append(pair);
    }
  }

  // numbers of a cell's nodes in layer l, from 1
  nodes(l, cell) {
    const [first, per] = this.passes.seen[l], from = first + cell * per;
    return [from + 1, Math.min(this.start.sizes[l], from + per)];
  }

  at(map) {
    const layer = this.passes.layers[map.l - 1], below = map.l > 1 ? this.passes.layers[map.l - 2].y : this.passes.x;
    return { layer, below, j: Math.min(map.j, layer.y.length - 1), k: Math.min(map.k, below.length - 1) };
  }

  single(map) {
    const { j, k } = this.at(map), [a, b] = this.nodes(map.l, j), [c, d] = this.nodes(map.l - 1, k);
    return a === b && c === d;
  }

  says(map) {
    const { l } = map, { layer, below, j, k } = this.at(map), [a, b] = this.nodes(l, j), [c, d] = this.nodes(l - 1, k);
    const w = layer.W[j][k], g = number(layer.gW[j][k], 6), name = l === 1 ? this.start.inputs[c - 1] ?? "" : "";
    if (!this.single(map)) return say("heat-cell", { name: `w[${l}, ${span(a, b)}, ${span(c, d)}]`, n: (b - a + 1) * (d - c + 1), w: number(w, 6), g, delta: number(layer.delta[j], 6), y: number(below[k], 6) });
    const apart = differences(this.others, this.passes, ({ layers: { [l - 1]: of } }) => ({ w: of.W[j][k], "dE/dw": of.gW[j][k], net: of.net[j], y: of.y[j], "f'": of.slope[j], delta: of.delta[j] }));
    return `w[${l},${a},${c}] = ${number(w, 6)}   dE/dw = delta[${l},${a}] y[${l - 1},${c}] = ${g}   delta = ${number(layer.delta[j], 6)}   y[${l - 1},${c}] = ${number(below[k], 6)} ${name}   net[${l},${a}] = ${number(layer.net[j], 6)}   y = f(net) = ${number(layer.y[j], 6)}   f'(net) = ${number(layer.slope[j], 6)}${apart}`;
  }

  point(map, event) {
    const box = map.canvas.getBoundingClientRect();
    const cell = (at, size, cells) => Math.max(0, Math.min(cells - 1, Math.floor(at / size)));
    const { layer, below } = this.at(map), size = box.width / (below.length + 2);
    map.j = cell(event.clientY - box.top, size, layer.y.length);
    map.k = cell(event.clientX - box.left - 2 * size, size, below.length);
    this.tell(map);
  }

  tell(map) {
    const { j, k } = this.at(map);
    this.hooks.hover(() => this.says(map), map.l, ...(this.single(map) ? [this.nodes(map.l, j)[0], this.nodes(map.l - 1, k)[0]] : []));
    this.paint();
  }

  key(map, event) {
    const by = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (by) this.move(map, ...by);
    else if (event.key === "Enter") this.enter(map);
    else if (event.key === "Escape" && !this.whole.hidden) this.whole.click();
    else return;
    event.preventDefault();
  }

  // a cell further; beyond the edge of what is seen of a large layer, the view moves
  move(map, dj, dk) {
    const { layer, below, j, k } = this.at(map), firsts = this.firsts();
    for (const [l, to, cells, axis] of [[map.l, j + dj, layer.y.length, "j"], [map.l - 1, k + dk, below.length, "k"]]) {
      const over = to < 0 ? -STEP : to >= cells ? STEP : 0, most = this.start.sizes[l] - cells;
      const first = firsts[l] === null ? 0 : Math.max(0, Math.min(most, firsts[l] + over));
      map[axis] = Math.max(0, Math.min(cells - 1, firsts[l] === null ? to : to + firsts[l] - first));
      if (firsts[l] !== null) firsts[l] = first;
    }
    if (this.firsts().some((first, l) => first !== firsts[l])) this.look(map, firsts);
    else this.tell(map);
  }

  link() {} // what is pointed at elsewhere is one cell among thousands

  firsts() {
    return this.passes.seen.map(([first, per], l) => (per === 1 && this.start.sizes[l] > this.count(l) ? first : null));
  }

  count(l) {
    return l ? this.passes.layers[l - 1].y.length : this.passes.x.length;
  }

  async look(map, firsts) {
    await this.hooks.look(firsts);
    this.tell(map);
  }

  enter(map) {
    const { j, k } = this.at(map), l = map.l, firsts = this.firsts();
    if (this.single(map)) {
      this.chosen = [l, this.nodes(l, j)[0], this.nodes(l - 1, k)[0]];
      this.hooks.click(...this.chosen);
      this.paint();
      return;
    }
    if (!this.hooks.look) return;
    for (const [m, cell, axis] of [[l, j, "j"], [l - 1, k, "k"]]) {
      if (this.passes.seen[m][1] === 1) continue;
      const node = this.nodes(m, cell)[0] - 1, cells = 64;
      firsts[m] = Math.max(0, Math.min(this.start.sizes[m] - cells, node - cells / 2));
      map[axis] = node - firsts[m];
    }
    this.look(map, firsts);
  }

  paint() {
    if (!this.passes || !this.maps[0]?.canvas.isConnected) return;
    const all = colours();
    this.whole.hidden = !this.firsts().some((first) => first !== null);
    this.whole.textContent = say("heat-whole");
    for (const map of this.maps) this.one(map, all);
  }

  one(map, all) {
    const { l, canvas, matrix, beside } = map, { layer, below, j, k } = this.at(map), L = this.passes.layers.length;
    const rows = layer.y.length, columns = below.length, { stage } = this, back = stage >= 2 * L + 1 - l;
    const wide = this.place.clientWidth, room = Math.min(430, wide > 560 ? wide / 2 - 12 : wide - 4);
    const size = Math.max(2, Math.min(14, Math.floor(room / (columns + 2)))), ratio = Math.ceil(devicePixelRatio || 1);
    const small = new OffscreenCanvas(columns + 2, rows + 2), context = small.getContext("2d");
    const image = context.createImageData(columns + 2, rows + 2);
    const [paper, plus, minus, mark] = [all.paper, all.plus, all.minus, all.mark].map(rgb);
    const put = (values, x, y, seen) => {
      if (!seen) return;
      const largest = Math.max(1e-300, ...values.flat().map((v) => Math.abs(v) || 0));
      values.forEach((line, dy) => line.forEach((v, dx) => {
        const at = 4 * ((y + dy) * (columns + 2) + x + dx), t = typeof v === "number" ? Math.abs(v) / largest : 1;
        const full = typeof v !== "number" ? mark : v < 0 ? minus : plus;
        for (let c = 0; c < 3; c++) image.data[at + c] = paper[c] + (full[c] - paper[c]) * t;
        image.data[at + 3] = 255;
      }));
    };
    const used = stage > L ? stage > 2 * L || l > 2 * L + 1 - stage : l <= stage;
    put(layer[matrix], 2, 0, matrix === "W" || used && stage > L);
    put(layer[beside].map((v) => [v]), 0, 0, beside === "y" ? stage >= l : back);
    put([below], 2, rows + 1, stage >= l - 1);
    context.putImageData(image, 0, 0);
    canvas.width = size * (columns + 2) * ratio;
    canvas.height = size * (rows + 2) * ratio;
    canvas.style.width = `${size * (columns + 2)}px`;
    const shown = canvas.getContext("2d");
    shown.fillStyle = all.paper;
    shown.fillRect(0, 0, canvas.width, canvas.height);
    shown.imageSmoothingEnabled = false;
    shown.drawImage(small, 0, 0, canvas.width, canvas.height);
    shown.scale(size * ratio, size * ratio);
    const frame = (colour, width, x, y, w, h) => { shown.strokeStyle = colour; shown.lineWidth = width / size; shown.strokeRect(x, y, w, h); };
    frame(all.line, 1, 2, 0, columns, rows);
    frame(all.line, 1, 0, 0, 1, rows);
    frame(all.line, 1, 2, rows + 1, columns, 1);
    this.marked(l, rows, columns, (...place) => frame(all.mark, 2, ...place));
    if (document.activeElement === canvas || canvas.matches(":hover")) frame(all.ink, 2, 2 + k, j, 1, 1);
    const cells = (m) => this.passes.seen[m][1], [from, to] = [this.nodes(l, 0)[0], this.nodes(l, rows - 1)[1]];
    const words = { l, n: this.start.sizes[l], m: this.start.sizes[l - 1], what: matrix === "W" ? "W" : "dE/dw", beside: beside === "y" ? `y_${l}` : `δ_${l}`, below: `y_${l - 1}`, per: `${cells(l)} × ${cells(l - 1)}`, from, to, first: this.nodes(l - 1, 0)[0], last: this.nodes(l - 1, columns - 1)[1] };
    const several = cells(l) * cells(l - 1) > 1, whole = rows === words.n && columns === words.m;
    const text = [say("heat-says", words), ...(several ? [say("heat-cells", words)] : whole ? [] : [say("heat-part", words)])].join(" ");
    if (map.caption.textContent !== text) { map.caption.textContent = text; canvas.setAttribute("aria-label", `${text} ${say("heat-keys")}`); }
  }

  // the chosen weight, and the weights through which it acts
  marked(l, rows, columns, frame) {
    const c = this.chosen;
    if (!c || l < c[0]) return;
    const place = (m, node) => { const [first, per] = this.passes.seen[m]; return Math.floor((node - 1 - first) / per); };
    if (l > c[0] + 1) { frame(2, 0, columns, rows); return; }
    const column = place(l - 1, l === c[0] ? c[2] : c[1]), row = l === c[0] ? place(l, c[1]) : 0;
    if (column < 0 || column >= columns || row < 0 || row >= rows) return;
    frame(2 + column, row, 1, l === c[0] ? 1 : rows);
  }
}
