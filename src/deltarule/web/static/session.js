// Where answers come from: the session of this page on the server, or what a snapshot has kept.

import { number, tex } from "./text.js";

// One question after another; an answer has the id of its question.
export class Live {
  constructor(begin, closed) {
    this.answers = new Map();
    this.last = 0;
    this.socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/session`);
    this.socket.addEventListener("message", (event) => {
      const answer = JSON.parse(event.data);
      if (answer.id === undefined) { begin(answer); return; }
      this.answers.get(answer.id)?.(answer);
      this.answers.delete(answer.id);
    });
    this.socket.addEventListener("close", (event) => closed(event.code));
  }

  ask(message) {
    return new Promise((resolve) => {
      this.answers.set(++this.last, resolve);
      this.socket.send(JSON.stringify({ ...message, id: this.last }));
    });
  }
}

// The kept updates of a snapshot, one frame each: any of them, forward and back, row by row.
export class Recorded {
  constructor(recorded, begin) {
    Object.assign(this, recorded);
    this.at = this.frames.length - 1;
    this.row = this.rowOf(this.start.row);
    queueMicrotask(() => begin({ ...this.start, ...this.view() }));
  }

  rowOf(row) {
    return row === null || row === undefined || row >= this.start.rows ? null : row;
  }

  view() {
    const frame = this.frames[this.at];
    const lanes = frame.lanes.map((lane) => ({ ...lane, passes: lane.passes[this.row ?? "all"] }));
    return { row: this.row, lanes, over: this.at === this.frames.length - 1 };
  }

  // the last kept update that is not after this one
  until(step) {
    return Math.max(0, this.frames.findLastIndex((frame) => frame.step <= step));
  }

  async ask(message) {
    const last = this.frames.length - 1;
    if (message.do === "look") this.row = this.rowOf(message.row);
    else if (message.do === "back") this.at = message.step === undefined ? Math.max(0, this.at - 1) : this.until(message.step);
    else if (message.do === "step" || message.do === "play") {
      const there = message.by === "update" ? this.until(this.frames[this.at].step + message.n) : 0;
      this.at = Math.min(last, Math.max(this.at + 1, there));
    }
    else if (message.do === "explain") return { explanation: this.explain(message) };
    return this.view();
  }

  // the last product of the chain; its factors are in the picture
  explain({ lane, weight, node }) {
    const [l, j, k] = weight ?? node, passes = this.view().lanes[lane].passes, layer = passes.layers[l - 1];
    if (node) return { latex: `\\delta_{${l},${j}} = ${tex(layer.delta[j - 1], 6)}`, text: `delta[${l},${j}] = ${number(layer.delta[j - 1], 6)}` };
    const below = l > 1 ? passes.layers[l - 2].y : passes.x;
    const g = layer.gW[j - 1][k - 1], name = `w_{${l},${j},${k}}`;
    const sum = this.row === null ? "\\sum_{\\text{rows}} " : "";
    const product = `${sum}\\delta_{${l},${j}}\\, y_{${l - 1},${k}}`;
    const numbers = this.row === null ? "" : ` = ${tex(layer.delta[j - 1], 6)} \\cdot ${tex(below[k - 1], 6)}`;
    return { latex: `\\frac{\\partial E}{\\partial ${name}} = ${product}${numbers} = ${tex(g, 6)}`, text: `dE/dw[${l},${j},${k}] = ${number(g, 6)}` };
  }
}
