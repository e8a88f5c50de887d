// Guided lessons: their texts, their setups, and the task that the session checks.

import { language, say } from "./text.js";

export class Lessons {
  constructor(byId, tell, pause) {
    Object.assign(this, { $: byId, tell, pause, all: {}, name: "", place: 0 });
    byId("lesson").addEventListener("change", () => this.open(byId("lesson").value));
    byId("lesson-before").addEventListener("click", () => this.open(this.name, this.place - 1));
    byId("lesson-next").addEventListener("click", () => this.open(this.name, this.place + 1));
    byId("lesson-check").addEventListener("click", () => this.check());
  }

  async load() {
    this.all = await (await fetch("lessons.json")).json();
    this.list();
  }

  words(name) {
    const own = this.all[name];
    return own.words[language()] ?? own.words.en;
  }

  list() {
    const options = Object.keys(this.all).map((name) => new Option(this.words(name).title, name));
    this.$("lesson").replaceChildren(new Option(say("no-lesson"), ""), ...options);
    this.$("lesson").value = this.name;
  }

  // in another language: the same place, and nothing begins anew
  reword() {
    this.list();
    if (this.name) this.show();
  }

  async open(name, place = 0) {
    this.name = name;
    this.place = place;
    this.$("lesson").value = name;
    this.$("lesson-panel").hidden = !name;
    if (!name) return;
    this.show();
    const setup = this.all[name].steps[place]?.setup;
    if (setup) { this.pause(); await this.tell({ do: "setup", setup }); }
  }

  show() {
    const words = this.words(this.name), steps = words.steps.length, task = this.place >= steps;
    this.$("lesson-title").textContent = words.title;
    this.$("lesson-text").textContent = task ? `${say("task")}: ${words.task}` : words.steps[this.place];
    this.$("lesson-place").textContent = `${this.place + 1} / ${steps + 1}`;
    this.$("lesson-before").disabled = this.place === 0;
    this.$("lesson-next").disabled = task;
    this.$("lesson-result").textContent = "";
  }

  async check() {
    const answer = await this.tell({ do: "task", lesson: this.name });
    if (!answer) return;
    const { lacking } = answer, words = lacking.map((what) => what.split(" ").map((word) => say(word)).join(" "));
    this.$("lesson-result").classList.toggle("lacking", lacking.length > 0);
    this.$("lesson-result").textContent = lacking.length ? `${say("lacking")}: ${words.join(", ")}` : say("done");
  }
}
