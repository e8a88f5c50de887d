// Learning curves, the map of the first output, and the table of outputs.

import { number, say } from "./text.js";

const MOST_POINTS = 600;

export function colour(k) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--lane${k}`).trim();
}

// E of every lane against updates. Where there are too many points every second one goes.
export class Curve {
  constructor(place) {
    this.place = place;
    this.clear(0, false);
    new ResizeObserver(() => this.plot?.setSize(this.size())).observe(place);
  }

  size() {
    return { width: Math.max(260, this.place.clientWidth), height: 220 };
  }

  clear(lanes, validation) {
    this.plot?.destroy();
    this.plot = null;
    this.lanes = lanes;
    this.validation = validation;
    this.points = [];
  }

  add(view) {
    const step = Math.max(...view.lanes.map((lane) => lane.point.step));
    while (this.points.length && this.points.at(-1)[0] >= step) this.points.pop();
    const finite = (value) => (typeof value === "number" && value > 0 ? value : null);
    const own = view.lanes.map((lane) => finite(lane.point.E));
    const other = this.validation ? view.lanes.map((lane) => finite(lane.point.validation)) : [];
    this.points.push([step, ...own, ...other]);
    if (this.points.length > MOST_POINTS) this.points = this.points.filter((_, k) => k % 2 === 0 || k === this.points.length - 1);
    this.draw();
  }

  draw() {
    const data = [...Array(1 + this.lanes * (this.validation ? 2 : 1)).keys()].map((k) => this.points.map((p) => p[k]));
    if (this.plot) { this.plot.setData(data); return; }
    const series = [{ label: say("updates") }];
    const one = (k, label, dash) => ({ label, stroke: colour(k), width: 2, dash, spanGaps: true, value: (_, v) => number(v) });
    for (let k = 0; k < this.lanes; k++) series.push(one(k, `E, ${say("lane")} ${k + 1}`));
    if (this.validation) for (let k = 0; k < this.lanes; k++) series.push(one(k, `${say("validation")}, ${say("lane")} ${k + 1}`, [6, 4]));
    const ink = getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();
    const grid = { stroke: getComputedStyle(document.documentElement).getPropertyValue("--line").trim(), width: 1 };
    const axes = [{ stroke: ink, grid, label: say("updates"), labelSize: 18, size: 34 }, { stroke: ink, grid, label: "E", labelSize: 18, size: 62, values: (_, ticks) => ticks.map((t) => (t === null ? "" : number(t, 3))) }];
    this.plot = new uPlot({ ...this.size(), series, axes, scales: { x: { time: false }, y: { distr: 3 } }, cursor: { drag: { x: false, y: false } } }, data, this.place);
  }
}

// f and f' around a node's net (or its nets, of all rows): where f bends, and how far it still does.
export function drawBend(place, { net, f, slope, own }, [l, j]) {
  const style = getComputedStyle(document.documentElement), ink = style.getPropertyValue("--ink").trim();
  const grid = { stroke: style.getPropertyValue("--line").trim(), width: 1 }, only = (values) => values.map((v, k) => (own.includes(k) ? v : null));
  const line = (label, k, dash) => ({ label, stroke: colour(k), width: 2, dash });
  const dots = (k) => ({ stroke: colour(k), fill: colour(k), paths: () => null, points: { show: true, size: 9, fill: colour(k) } });
  const axis = (label, size) => ({ stroke: ink, grid, label, labelSize: 18, size });
  place.replaceChildren();
  new uPlot({
    width: Math.max(260, Math.min(560, place.clientWidth)), height: 200, legend: { show: false }, cursor: { show: false },
    series: [{}, line("f", 0), line("f'", 1, [6, 4]), dots(0), dots(1)], axes: [axis("net", 34), axis("f, f'", 50)], scales: { x: { time: false } },
  }, [net, f, slope, only(f), only(slope)], place);
  const most = Math.max(...slope), here = own.map((k) => slope[k]), mean = here.reduce((sum, v) => sum + v, 0) / here.length;
  return say("bend", { node: `${l},${j}`, net: own.length > 1 ? `${number(net[own[0]])} … ${number(net[own.at(-1)])}` : number(net[own[0]]), slope: number(mean), share: Math.round((100 * mean) / most), most: number(most) });
}

// y from 0 (or its smallest) to 1 (or its largest): from orange over paper to blue.
export function drawMap(canvas, map, start, row) {
  const context = canvas.getContext("2d");
  const inputs = start.sizes[0], y = map.y.map((v) => (typeof v === "number" ? v : 0));
  const [low, high] = start.task === "regression" ? [Math.min(...y), Math.max(...y)] : [0, 1];
  const at = (v) => (high > low ? (v - low) / (high - low) : 0.5);
  const place = (value, axis) => ((value - map.low[axis]) / (map.high[axis] - map.low[axis])) * 240;
  canvas.width = canvas.height = 240;
  context.clearRect(0, 0, 240, 240);
  if (inputs === 1) {
    context.strokeStyle = colour(0);
    context.lineWidth = 2;
    context.beginPath();
    y.forEach((v, k) => context.lineTo((k / (y.length - 1)) * 240, 230 - 220 * at(v)));
    context.stroke();
  } else {
    const n = Math.round(Math.sqrt(y.length)), size = 240 / n;
    y.forEach((v, k) => {
      const t = Math.max(0, Math.min(1, at(v)));
      const from = t < 0.5 ? [184, 80, 10] : [0, 114, 178], weight = Math.abs(t - 0.5) * 1.7;
      context.fillStyle = `rgb(${from.map((c) => Math.round(255 + (c - 255) * weight)).join(",")})`;
      context.fillRect((k % n) * size, 240 - size - Math.floor(k / n) * size, size + 1, size + 1);
    });
  }
  start.X.forEach((x, k) => {
    const t = start.T[k][0], px = place(x[0], 0);
    const py = inputs === 1 ? 230 - 220 * at(t) : 240 - place(x[1], 1);
    context.beginPath();
    context.lineWidth = 1.2;
    context.strokeStyle = "#000";
    context.fillStyle = t > (low + high) / 2 ? "#0072b2" : "#ffffff";
    if (t > (low + high) / 2) context.arc(px, py, 3.6, 0, 7);
    else context.rect(px - 3, py - 3, 6, 6);
    context.fill();
    context.stroke();
    if (k !== row) return;
    context.beginPath();
    context.lineWidth = 2.5;
    context.arc(px, py, 8, 0, 7);
    context.stroke();
  });
}

// A table's head and rows, of texts, numbers and elements; `named` where rows begin with their names.
// What stays as it was is left alone: a page that plays draws its tables many times a second.
export function table(element, head, rows, named = false) {
  const held = [...element.querySelectorAll("button")].indexOf(document.activeElement); // keeps its place
  fill(element.tHead, [head], () => "col");
  fill(element.tBodies[0], rows, (k) => (named && k === 0 ? "row" : ""));
  if (held >= 0) element.querySelectorAll("button")[held]?.focus();
}

function fill(part, rows, scopes) {
  while (part.rows.length > rows.length) part.lastChild.remove();
  rows.forEach((cells, r) => {
    const line = part.rows[r] ?? part.appendChild(document.createElement("tr"));
    while (line.cells.length > cells.length) line.lastChild.remove();
    cells.forEach((content, k) => {
      const scope = scopes(k), cell = line.cells[k] ?? line.appendChild(document.createElement(scope ? "th" : "td"));
      if (scope) cell.scope = scope;
      if (content instanceof Node ? !cell.firstChild?.isEqualNode(content) : cell.firstElementChild || cell.textContent !== String(content ?? "")) cell.replaceChildren(content ?? "");
    });
  });
}

// How often the class of a row was taken for that of a column, shaded by its share of the row.
export function drawConfusion(place, counts, names, caption) {
  place.hidden = !counts;
  if (!counts) return;
  const box = place.querySelector("table"), short = names.map((name) => (name.length > 12 ? `${name.slice(0, 11)}…` : name));
  table(box, [`${say("true-class")} ↓  ${say("taken-for")} →`, ...short], counts.map((row, k) => [short[k], ...row]), true);
  box.caption.textContent = caption;
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour(0).slice(at, at + 2), 16));
  [...box.tBodies[0].rows].forEach((line, k) => {
    const total = counts[k].reduce((sum, n) => sum + n, 0) || 1;
    counts[k].forEach((n, j) => { line.cells[j + 1].style.background = `rgba(${red},${green},${blue},${(0.45 * n) / total})`; });
  });
}

// The map of every lane, and the outputs of the first rows; a click on a row's number looks at it.
export function drawOutputs(place, outputs, start, view) {
  const maps = view.lanes.filter((one) => one.map);
  while (place.children.length > maps.length) place.lastChild.remove();
  maps.forEach((one, k) => {
    let figure = place.children[k];
    if (!figure) {
      figure = document.createElement("figure");
      const canvas = document.createElement("canvas");
      canvas.className = "map";
      canvas.setAttribute("role", "img");
      figure.append(canvas, document.createElement("figcaption"));
      place.append(figure);
    }
    const words = `${say("lane")} ${k + 1}: ${say(start.sizes[0] === 1 ? "fit" : "map")}`;
    figure.firstChild.setAttribute("aria-label", words);
    figure.lastChild.textContent = words;
    drawMap(figure.firstChild, one.map, start, view.row);
  });
  const n = view.lanes[0].predictions.length;
  // of many outputs the largest, by its class
  const largest = (row) => { const k = row.indexOf(Math.max(...row)); return `${start.classes[k]}: ${number(row[k], 3)}`; };
  const text = (row) => (row.length > 3 && start.classes.length === row.length ? largest(row) : row.map((v) => number(v, 3)).join(" "));
  table(outputs, [say("row"), say("target"), ...view.lanes.map((_, k) => `y, ${say("lane")} ${k + 1}`)], [...Array(n).keys()].map((i) => [rowButton(i, start, view), text(start.T[i]), ...view.lanes.map((one) => text(one.predictions[i]))]));
}

function rowButton(i, start, view) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "pick", value: i, textContent: i + 1 });
  button.setAttribute("aria-label", `${say("row")} ${i + 1}`);
  button.setAttribute("aria-pressed", i === view.row);
  button.disabled = i >= start.rows; // a snapshot has kept fewer
  return button;
}
