// What is pointed at, in words and wherever it is on the page; what is chosen, taken apart.

import { stageFormula, stageLayer } from "./formulas.js";
import { drawBend } from "./pictures.js";
import { shortFormula } from "./text.js";

function render(latex, place) {
  katex.render(latex, place, { displayMode: true, throwOnError: false, strict: false });
}

export class Apart {
  // `tell` asks the session; `now` has the page's start, view, lane, stage, playing and picture
  constructor(byId, tell, now) {
    Object.assign(this, { $: byId, tell, now });
    this.index = 0; // of the weight that was chosen, in theta
    const over = (table, place) => byId(table).addEventListener("mouseover", (event) => { const row = event.target.closest("tbody tr"), found = row && place(row); if (found) this.link(...found); });
    over("layers", (row) => [row.rowIndex]);
    over("quiz-rows", (row) => row.cells[0].textContent.match(/\d+/g)?.map(Number));
    this.forget();
  }

  forget() {
    Object.assign(this, { index: 0, nodes: {}, says: null, place: [], chosen: null });
  }

  clear() {
    this.forget();
    this.$("formula").replaceChildren();
    this.$("bend").hidden = true;
    this.$("explanation").textContent = "";
    this.$("why-hint").hidden = false;
  }

  // the numbers of now
  draw() {
    if (this.place.length) this.link(...this.place);
    this.formula();
    this.told();
  }

  // the formula of the step at the node that was pointed at last; no eye follows it while it plays
  formula() {
    const { start, view, lane, stage, playing, picture } = this.now(), place = this.$("stage-formula");
    const passes = view.lanes[lane].passes, l = stageLayer(stage, passes.layers.length), own = start.setup.lanes[lane];
    const exact = !own.mistake && (own.rule === "exact" || (own.matched && /^hidden=\S+$/.test(own.rule)));
    place.hidden = playing || Math.max(...start.sizes) > 64 || view.row === null || stage === 0;
    if (!place.hidden) render(stageFormula(stage, passes, this.nodes[l] ?? 1, picture.chosen ?? [1, 1, 1], exact), place);
  }

  told() {
    this.$("hovered").ariaLive = this.now().playing ? "off" : "polite";
    this.$("hovered").textContent = this.says?.() ?? "";
  }

  hover(says, l, j, k) {
    this.says = says;
    this.told();
    this.link(l, j, k);
    if (k || !l || this.nodes[l] === j) return;
    this.nodes[l] = j;
    if (l === stageLayer(this.now().stage, this.now().start.activations.length)) this.formula();
  }

  // a layer, a node or a weight that is pointed at somewhere stands out everywhere
  link(...place) {
    this.place = place;
    this.now().picture.link(...place);
    const [l, j, k] = place, name = k ? `w[${l},${j},${k}]` : j ? `b[${l},${j}]` : "";
    [...this.$("layers").tBodies[0].rows].forEach((row, at) => row.classList.toggle("linked", at + 1 === l));
    for (const row of this.$("quiz-rows").tBodies[0].rows) row.classList.toggle("linked", row.cells[0].textContent === name);
  }

  // once more what was taken apart, where there are other numbers now
  again() {
    if (this.chosen && !this.now().playing) this.explain(this.chosen);
  }

  // a weight's gradient, {weight: [l, j, k]}, or a node's delta, {node: [l, j]}
  async explain(what) {
    this.chosen = null;
    const { start, view: seen, lane } = this.now(), $ = this.$;
    const answer = await this.tell({ do: "explain", lane, ...what });
    if (!answer) return;
    this.chosen = what;
    const { latex, text, bend } = answer.explanation;
    if (what.weight) {
      const [l, j, k] = what.weight;
      const sizes = start.sizes.slice(1).map((n, m) => n * (start.sizes[m] + (seen.lanes[0].passes.layers[m].b ? 1 : 0)));
      this.index = sizes.slice(0, l - 1).reduce((sum, n) => sum + n, 0) + (j - 1) * start.sizes[l - 1] + k - 1;
      this.formula();
    }
    $("why-hint").hidden = true;
    $("explanation").textContent = text;
    render(shortFormula(latex), $("formula"));
    $("bend").hidden = !bend;
    if (bend) $("bend-says").textContent = drawBend($("bend-plot"), bend, what.node);
    if (this.now().view !== seen) this.again();
  }
}
