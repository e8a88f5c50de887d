// What a step of the sweep computes: in words, and for one node in symbols and in numbers.

import { say, tex } from "./text.js";

const TERMS = 4; // of a sum, that are written out

export function stages(layers) {
  return 2 * layers + 1;
}

export function stageText(stage, start) {
  const L = start.activations.length;
  if (stage === 0) return say("stage-input");
  if (stage <= L) return say("stage-forward", { l: stage, k: stage - 1, f: start.activations[stage - 1] });
  if (stage === L + 1) return say("stage-output", { l: L, loss: start.loss });
  if (stage <= 2 * L) return say("stage-back", { l: 2 * L + 1 - stage, m: 2 * L + 2 - stage });
  return say("stage-gradient");
}

// The layer that a step of the sweep is about; 0 where it is about the input or all of them.
export function stageLayer(stage, L) {
  if (stage > 2 * L) return 0;
  return stage <= L ? stage : 2 * L + 1 - stage;
}

const factor = (value) => (value < 0 ? `(${tex(value)})` : tex(value));
const sum = (terms) => (terms.length > TERMS + 1 ? [...terms.slice(0, TERMS), "\\cdots", terms.at(-1)] : terms).join(" + ");

const aligned = (...lines) => `\\begin{aligned} ${lines.join(" \\\\ ")} \\end{aligned}`;

// The formula of the step at node j (from 1) of its layer, or at a weight (l, j, k), as LaTeX. It
// holds number by number for one row under the chain rule (`exact`), else results alone are given.
export function stageFormula(stage, passes, j, weight, exact) {
  const L = passes.layers.length, l = stageLayer(stage, L);
  if (stage === 0) return "";
  const y = (m, k) => (m ? passes.layers[m - 1].y[k - 1] : passes.x[k - 1]);
  if (!l) {
    const [m, i, k] = weight, layer = passes.layers[m - 1];
    const symbols = `\\frac{\\partial E}{\\partial w_{${m},${i},${k}}} = \\delta_{${m},${i}}\\, y_{${m - 1},${k}}`;
    return `${symbols} = ${factor(layer.delta[i - 1])} \\cdot ${factor(y(m - 1, k))} = ${tex(layer.gW[i - 1][k - 1])}`;
  }
  const layer = passes.layers[l - 1], at = `${l},${j}`, net = tex(layer.net[j - 1]);
  if (stage <= L) {
    const terms = layer.W[j - 1].map((w, k) => `${factor(w)} \\cdot ${factor(y(l - 1, k + 1))}`);
    const bias = layer.b ? ` + b_{${at}}` : "", own = layer.b ? ` + ${factor(layer.b[j - 1])}` : "";
    return aligned(`\\text{net}_{${at}} &= \\sum_k w_{${at},k}\\, y_{${l - 1},k}${bias}`, `&= ${sum(terms)}${own} = ${net}`, `y_{${at}} &= f(${net}) = ${tex(layer.y[j - 1])}`);
  }
  const dE = `\\frac{\\partial E}{\\partial y_{${at}}}`, up = tex(layer.dE_dy[j - 1]), delta = tex(layer.delta[j - 1]);
  let above = [`${dE} &= ${up}`];
  if (l < L && exact) {
    const next = passes.layers[l];
    above = [`${dE} &= \\sum_i \\delta_{${l + 1},i}\\, w_{${l + 1},i,${j}}`, `&= ${sum(next.delta.map((d, i) => `${factor(d)} \\cdot ${factor(next.W[i][j - 1])}`))} = ${up}`];
  }
  const slope = layer.slope[j - 1];
  const bent = exact && typeof slope === "number" ? `${dE}\\, f'(\\text{net}_{${at}}) = ${factor(layer.dE_dy[j - 1])} \\cdot ${factor(slope)} = ${delta}` : delta;
  return aligned(...above, `\\delta_{${at}} &= ${bent}`);
}
