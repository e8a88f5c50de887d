// Is the gradient right? The check, the V of step lengths, mistakes to plant, and a quiz.

import { table } from "./pictures.js";
import { number, say } from "./text.js";

// |central difference - backpropagation| over h, both on logarithmic scales.
export function drawV(place, v) {
  const style = getComputedStyle(document.documentElement), ink = style.getPropertyValue("--ink").trim();
  const points = v.h.map((h, k) => [h, v.error[k]]).filter(([, e]) => typeof e === "number" && e > 0).reverse();
  const grid = { stroke: style.getPropertyValue("--line").trim(), width: 1 };
  const powers = (_, axis, low, high) => {
    const [first, last] = [Math.ceil(Math.log10(low)), Math.floor(Math.log10(high))], step = Math.max(1, Math.ceil((last - first) / 7));
    return [...Array(Math.floor((last - first) / step) + 1).keys()].map((k) => 10 ** (first + k * step));
  };
  const values = (_, ticks) => ticks.map((t) => t.toExponential(0).replace("+", ""));
  const axis = (label, size) => ({ stroke: ink, grid, label, labelSize: 18, size, splits: powers, values, filter: (_, ticks) => ticks });
  place.replaceChildren();
  return new uPlot({
    width: Math.max(260, Math.min(560, place.clientWidth)), height: 220, legend: { show: false },
    series: [{}, { stroke: style.getPropertyValue("--lane0").trim(), width: 2, points: { show: true } }],
    axes: [axis(say("step-length"), 34), axis(say("difference"), 62)],
    scales: { x: { time: false, distr: 3 }, y: { distr: 3 } }, cursor: { show: false },
  }, [points.map((p) => p[0]), points.map((p) => p[1])], place);
}

export class Checking {
  // `tell` asks the session and shows what is wrong; `now` has the page's setup, lane and weight
  constructor(byId, tell, now) {
    this.$ = byId;
    this.tell = tell;
    this.now = now;
    this.question = 0;
    byId("check").addEventListener("click", () => this.check());
    byId("diagnose").addEventListener("click", () => this.diagnose());
    byId("plant").addEventListener("click", () => this.plant());
    byId("mistake").addEventListener("change", () => this.describe());
    byId("ask").addEventListener("click", () => this.ask());
    this.visible = false;
    new IntersectionObserver(([one]) => { this.visible = one.isIntersecting; if (this.visible) this.list(); }).observe(byId("checking"));
  }

  clear() {
    for (const id of ["check-says", "v-figure", "quiz", "quiz-answer"]) this.$(id).hidden = true;
    this.mistakes = null;
    this.$("mistake").replaceChildren();
    this.$("mistake-says").textContent = "";
    if (this.visible) this.list();
  }

  says(text) {
    this.$("check-says").hidden = false;
    this.$("check-says").textContent = text;
  }

  async check() {
    const { lane, index } = this.now();
    const answer = await this.tell({ do: "check", lane, weight: index });
    if (!answer) return;
    this.says(answer.check.says);
    this.$("v-figure").hidden = false;
    this.$("v-says").textContent = say("v-says", { name: answer.check.v.name });
    drawV(this.$("v"), answer.check.v);
  }

  async diagnose() {
    const answer = await this.tell({ do: "diagnose", lane: this.now().lane });
    if (answer) this.says(answer.diagnosis);
  }

  // which mistakes can be made depends on the network: asked for when somebody looks
  async list() {
    const setup = this.now().setup;
    if (this.mistakes || !setup) return;
    this.mistakes = [];
    const lane = setup.lanes.findIndex((one) => !one.mistake && one.rule === "exact");
    if (lane < 0) return;
    const answer = await this.tell({ do: "mistakes", lane });
    this.mistakes = answer?.mistakes ?? [];
    this.$("mistake").replaceChildren(...this.mistakes.map((one) => new Option(one.name, one.name)));
    this.describe();
  }

  describe() {
    const one = this.mistakes?.find((m) => m.name === this.$("mistake").value);
    this.$("mistake-says").textContent = one ? `${say("code-does")}: ${one.does}. ${say("right-is")}: ${one.should}.` : "";
  }

  async plant() {
    await this.list();
    const { setup } = this.now(), mistake = this.$("mistake").value;
    const right = setup.lanes.find((one) => !one.mistake && one.rule === "exact");
    if (!right || !mistake) { this.says(say("no-exact-lane")); return; }
    await this.tell({ do: "setup", setup: { ...setup, lanes: [right, { ...right, mistake }] } });
  }

  async ask() {
    const { setup } = this.now(), lane = setup.lanes.findIndex((one) => !one.mistake && one.rule === "exact");
    if (lane < 0) { this.says(say("no-exact-lane")); return; }
    const answer = await this.tell({ do: "quiz", lane, number: this.question++ });
    if (!answer) return;
    const { rows, more, cosine, choices } = answer.question;
    this.$("quiz").hidden = false;
    this.$("quiz-answer").hidden = true;
    this.$("quiz-says").textContent = say("quiz-says", { cosine: number(cosine, 4) });
    table(this.$("quiz-rows"), [say("weight"), say("given"), say("right-is")], [...rows.map(([name, wrong, right]) => [name, number(wrong, 5), number(right, 5)]), ...(more ? [[say("more-nodes", { n: more }), "", ""]] : [])]);
    this.$("quiz-choices").replaceChildren(...choices.map((text, k) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text;
      button.addEventListener("click", () => this.guess(k));
      return button;
    }));
  }

  async guess(k) {
    const answer = await this.tell({ do: "quiz", guess: k });
    if (!answer) return;
    const found = answer.answer, box = this.$("quiz-answer");
    box.hidden = false;
    box.textContent = `${say(found.right ? "quiz-right" : "quiz-wrong")} ${say("code-does")}: ${found.is.does}. ${say("right-is")}: ${found.is.should}.\n\ndeltarule diagnose:\n${found.diagnosis}`;
  }
}
