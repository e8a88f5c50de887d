// The folder that the lab was started with: a study, asked for again while it runs, or a forecast.

import { table } from "./pictures.js";
import { number, say } from "./text.js";

const AGAIN = 2000; // milliseconds between two looks at a study that runs

const cells = (rows) => rows.map((row) => row.map((cell) => (typeof cell === "number" ? number(cell, 5) : cell ?? "")));

export class FolderView {
  constructor(byId, tell) {
    this.$ = byId;
    this.tell = tell;
    this.plot = null;
    byId("folder-why").addEventListener("click", () => this.why());
  }

  async open() {
    this.$("folder").hidden = false;
    await this.look();
  }

  async look() {
    const answer = await this.tell({ do: "folder" });
    if (!answer) return;
    const { shown } = answer, $ = this.$;
    $("folder-title").textContent = shown.title;
    table($("folder-table"), shown.head, cells(shown.rows));
    $("folder-at-row").hidden = shown.kind !== "series";
    if (shown.kind === "series") this.series(shown);
    else this.study(shown);
  }

  study(shown) {
    const signature = say("study-size", shown);
    this.$("folder-answers").replaceChildren(...shown.says.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    if (this.$("folder-says").textContent !== signature) {
      const xs = [...new Set(shown.curves.flatMap((one) => one.x))].sort((a, b) => a - b);
      const at = (one) => { const y = new Map(one.x.map((x, k) => [x, one.E[k]])); return xs.map((x) => { const v = y.get(x); return typeof v === "number" && v > 0 ? v : null; }); };
      this.draw(xs, shown.curves.map((one, k) => ({ label: one.name, values: at(one), k })), { x: say("epochs"), y: say("median-E"), log: true });
    }
    this.$("folder-says").textContent = signature;
    const [runs] = shown.size.match(/= ([\d,]+) runs/)?.slice(1) ?? [""];
    if (shown.done < Number(runs.replaceAll(",", ""))) setTimeout(() => this.look(), AGAIN);
  }

  series(shown) {
    const n = shown.values.length, more = shown.rows.length, blank = (k) => Array(k).fill(null);
    const next = (column) => [...blank(n - 1), shown.values.at(-1), ...shown.rows.map((row) => row[column])];
    const lines = [{ label: say("values"), values: [...shown.values, ...blank(more)], k: 0 }, { label: say("forecast"), values: next(1), k: 1 }];
    const ends = shown.head.length > 3 ? [2, shown.head.length - 1] : [];
    for (const end of ends) lines.push({ label: shown.head[end], values: next(end), k: 2, dash: [4, 4] });
    const labels = [...shown.times, ...shown.rows.map((row) => row[0])];
    this.draw(labels.map((_, k) => k), lines, { x: "", y: "", labels });
    if (!this.$("folder-at").value) this.$("folder-at").value = shown.rows[0][0];
    this.$("folder-steps").hidden = !shown.steps;
    if (shown.steps) {
      this.$("folder-steps-says").textContent = `${shown.steps.name}: ${say("sum-over-steps")} ${shown.steps.says}.`;
      table(this.$("folder-steps"), [say("step"), say("adds"), "|dE/dh|", say("to-end")], cells(shown.steps.rows));
    }
  }

  async why() {
    const answer = await this.tell({ do: "folder", at: this.$("folder-at").value.trim() });
    if (!answer) return;
    this.$("folder-why-says").textContent = answer.shown.says;
    this.$("folder-shares").hidden = false;
    table(this.$("folder-shares"), [say("input"), say("time"), say("value"), say("slope"), say("share"), say("exact-difference")], cells(answer.shown.rows));
  }

  draw(xs, lines, { x, y, log, labels }) {
    const style = getComputedStyle(document.documentElement), place = this.$("folder-curve");
    const ink = style.getPropertyValue("--ink").trim(), grid = { stroke: style.getPropertyValue("--line").trim(), width: 1 };
    const dashes = [undefined, [8, 4], [3, 3], [12, 4, 3, 4]];
    const series = lines.map((one) => ({ label: one.label, stroke: style.getPropertyValue(`--lane${one.k % 4}`).trim(), width: 2, dash: one.dash ?? dashes[Math.floor(one.k / 4) % 4], points: { show: false }, value: (_, v) => number(v) }));
    const ticks = (_, at) => at.map((t) => (t === null ? "" : labels ? labels[t] ?? "" : number(t, 3)));
    const axes = [{ stroke: ink, grid, label: x, labelSize: x ? 18 : 0, size: 34, values: ticks }, { stroke: ink, grid, label: y, labelSize: y ? 18 : 0, size: 62, values: (_, at) => at.map((t) => (t === null ? "" : number(t, 3))) }];
    this.plot?.destroy();
    this.plot = new uPlot({ width: Math.max(260, place.clientWidth), height: 260, series: [{ label: x || say("time"), value: (_, v) => (labels ? labels[v] ?? "" : number(v)) }, ...series], axes, scales: { x: { time: false, distr: log ? 3 : 1 }, y: { distr: log ? 3 : 1 } }, cursor: { drag: { x: false, y: false } } }, [xs, ...lines.map((one) => one.values)], place);
  }
}
