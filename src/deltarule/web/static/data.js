// Data of one's own: a file, in parts through the session, and points put on a canvas.

import { say } from "./text.js";

const PART = 36 * 1024; // bytes of a message before base64
const SIDE = 240;

function base64(bytes) {
  let text = "";
  for (let k = 0; k < bytes.length; k += 8192) text += String.fromCharCode(...bytes.subarray(k, k + 8192));
  return btoa(text);
}

// Give a file to the session; `tell` shows what is wrong with it.
export async function give(file, tell) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  for (let at = 0; at === 0 || at < bytes.length; at += PART) {
    const more = at + PART < bytes.length;
    const answer = await tell({ do: "file", name: file.name, data: base64(bytes.subarray(at, at + PART)), more });
    if (!answer || !more) return answer?.file ?? null;
  }
  return null;
}

// A file that is dropped anywhere on the page.
export function watchDrops(use) {
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer?.files.length) use(event.dataTransfer.files[0]);
  });
}

// Points of two classes in the square from -1 to 1, or values y over x.
export class Drawing {
  constructor(canvas, kind, changed) {
    this.canvas = canvas;
    this.kind = kind;
    this.changed = changed;
    this.points = [];
    this.cursor = null;
    canvas.addEventListener("click", (event) => {
      const box = canvas.getBoundingClientRect();
      this.add((2 * (event.clientX - box.left)) / box.width - 1, 1 - (2 * (event.clientY - box.top)) / box.height);
    });
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => { this.cursor = null; this.draw(); });
    kind.addEventListener("change", () => this.draw());
    this.draw();
  }

  key(event) {
    const by = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] }[event.key];
    if (!by && event.key !== "Enter") return;
    event.preventDefault();
    this.cursor ??= [0, 0];
    if (by) this.cursor = this.cursor.map((v, axis) => Math.max(-1, Math.min(1, v + by[axis])));
    else this.add(...this.cursor);
    this.draw();
  }

  add(x, y) {
    this.points.push({ x, y, kind: this.kind.value });
    this.draw();
    this.changed(this.shown().length);
  }

  clear() {
    this.points = [];
    this.draw();
    this.changed(0);
  }

  // values of a curve and points of classes are two tables
  shown() {
    return this.points.filter((p) => (p.kind === "curve") === (this.kind.value === "curve"));
  }

  file() {
    const curve = this.kind.value === "curve";
    const rows = this.shown().map((p) => `${p.x.toFixed(3)},${p.y.toFixed(3)}${curve ? "" : `,${p.kind}`}`);
    return new File([`${curve ? "x,y" : "x1,x2,class"}\n${rows.join("\n")}\n`], curve ? "curve.csv" : "points.csv");
  }

  draw() {
    const context = this.canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
    const at = (v) => ((v + 1) / 2) * SIDE;
    context.clearRect(0, 0, SIDE, SIDE);
    context.strokeStyle = style.getPropertyValue("--line");
    context.lineWidth = 1;
    context.strokeRect(0.5, 0.5, SIDE - 1, SIDE - 1);
    for (const p of this.shown()) {
      context.fillStyle = style.getPropertyValue(p.kind === "orange" ? "--minus" : "--plus");
      context.beginPath();
      if (p.kind === "orange") context.rect(at(p.x) - 4, at(-p.y) - 4, 8, 8);
      else context.arc(at(p.x), at(-p.y), 4.5, 0, 7);
      context.fill();
    }
    if (this.cursor) {
      context.strokeStyle = style.getPropertyValue("--ink");
      const [x, y] = [at(this.cursor[0]), at(-this.cursor[1])];
      context.beginPath();
      context.moveTo(x - 8, y);
      context.lineTo(x + 8, y);
      context.moveTo(x, y - 8);
      context.lineTo(x, y + 8);
      context.stroke();
    }
    this.canvas.setAttribute("aria-label", say("draw-label", { n: this.shown().length }));
  }
}
