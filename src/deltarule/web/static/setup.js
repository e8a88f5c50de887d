// The setup's fields: filled from an answer, read for the next question.

import { say } from "./text.js";

const PLAIN = ["data", "hidden", "activation", "loss", "batch_size", "seed", "validation", "test", "weights"];

// moons:200,0.1 is the problem moons with its parameters
const split = (name, parameters) => {
  const kind = name.split(":")[0];
  return kind in parameters ? [kind, name.slice(kind.length + 1)] : [name, ""];
};

export class SetupForm {
  constructor(form, lanes, submit) {
    Object.assign(this, { form, lanes, submit, start: null });
    form.elements.data.addEventListener("change", () => this.describe(""));
  }

  fill(start) {
    this.start = start;
    const { elements } = this.form, kinds = start.data.map((name) => split(name, start.parameters)[0]);
    const [kind, given] = split(start.setup.data, start.parameters);
    elements.data.replaceChildren(...[...new Set([...kinds, kind])].map((name) => new Option(name, name)));
    for (const name of PLAIN) elements[name].value = start.setup[name];
    elements.data.value = kind;
    elements.target.replaceChildren(...start.columns.map((name) => new Option(name, name, false, start.target.includes(name))));
    document.getElementById("weights-field").hidden = !start.model;
    this.lanes.replaceChildren(...start.setup.lanes.map((lane, k) => this.fields(lane, k)));
    this.describe(given);
  }

  describe(given) {
    const { elements } = this.form, usage = this.start.parameters[elements.data.value];
    elements.parameters.value = given;
    document.getElementById("parameters-field").hidden = !usage;
    document.getElementById("parameters-name").textContent = usage ?? "";
  }

  fields(lane, k) {
    const box = document.createElement("div");
    box.className = "lane-setup";
    box.style.borderColor = `var(--lane${k})`;
    const field = (name, list, size) => {
      const label = document.createElement("label"), span = document.createElement("span"), input = document.createElement("input");
      span.textContent = `${say({ lr: "rate", mistake: "planted" }[name] ?? name)} ${k + 1}`;
      Object.assign(input, { name: `${name}${k}`, value: lane[name], size, autocomplete: "off" });
      if (list) input.setAttribute("list", list);
      label.append(span, input);
      box.append(label);
    };
    field("rule", "rules", 22);
    field("optimizer", "optimizers", 12);
    field("lr", "", 7);
    if (lane.mistake) field("mistake", "", 22);
    if (lane.matched || lane.rule.includes("hidden=")) {
      const label = document.createElement("label"), span = document.createElement("span"), input = document.createElement("input");
      label.className = "tick";
      Object.assign(input, { type: "checkbox", name: `matched${k}`, checked: lane.matched });
      span.textContent = say("matched");
      label.append(input, span);
      box.append(label);
    }
    if (k > 0) {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", textContent: say("remove-lane") });
      button.setAttribute("aria-label", `${say("remove-lane")}: ${say("lane")} ${k + 1}`);
      button.addEventListener("click", () => { const setup = this.read(); setup.lanes.splice(k, 1); this.submit(setup); });
      box.append(button);
    }
    return box;
  }

  read() {
    // nothing is the optimiser's own rate; what is no number goes as it is written, to be refused by name
    const rate = (text) => (text === "" ? null : Number.isFinite(Number(text)) ? Number(text) : text);
    const at = (name) => this.form.elements[name]?.value.trim() ?? "";
    const lanes = [...this.lanes.children].map((_, k) => ({ rule: at(`rule${k}`), optimizer: at(`optimizer${k}`), lr: rate(at(`lr${k}`)), mistake: at(`mistake${k}`), matched: this.form.elements[`matched${k}`]?.checked ?? false }));
    const kind = at("data"), given = kind in this.start.parameters ? at("parameters") : "";
    const data = given ? `${kind}:${given}` : this.start.data.find((name) => split(name, this.start.parameters)[0] === kind) ?? kind;
    const same = data === this.start.setup.data, chosen = at("target");
    const target = same && !this.start.target.includes(chosen) ? chosen : same ? this.start.setup.target : "";
    const whole = Object.fromEntries(["batch_size", "seed", "validation", "test"].map((name) => [name, Number(at(name))]));
    const weights = data === this.start.model ? at("weights") : "drawn";
    return { ...this.start.setup, ...whole, weights, data, target, hidden: at("hidden"), activation: at("activation"), loss: at("loss"), lanes };
  }
}
