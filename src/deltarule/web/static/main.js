// The page: what it asks its session for, and what it shows of the answers.

import { Curve, colour, drawMap, table } from "./pictures.js";
import { Picture, stages, stageText } from "./network.js";
import { load, number, say } from "./text.js";

const $ = (id) => document.getElementById(id);
const form = $("setup");
let start = null, view = null, stage = 0, playing = false, lessons = {}, lesson = "", place = 0;
const curve = new Curve($("curve"));
const picture = new Picture($("picture"), { hover: (text) => ($("hovered").textContent = text ?? ""), click: explain });

// The session: one question at a time, its answer comes with the same id.
const answers = new Map();
let socket = null, last = 0;
function ask(message) {
  return new Promise((resolve) => {
    answers.set(++last, resolve);
    socket.send(JSON.stringify({ ...message, id: last }));
  });
}
function connect() {
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/session`);
  socket.addEventListener("message", (event) => {
    const answer = JSON.parse(event.data);
    if (answer.id === undefined) begin(answer, false).then(fromAddress);
    else { answers.get(answer.id)?.(answer); answers.delete(answer.id); }
  });
  socket.addEventListener("close", () => { playing = false; $("said").textContent = say("closed"); });
}

async function tell(message) {
  const answer = await ask(message);
  $("said").textContent = answer.error ?? "";
  if (answer.error) { pause(); return null; }
  if (answer.setup) await begin(answer);
  else if (answer.lanes) show(answer);
  return answer;
}

async function begin(answer, address = true) {
  start = answer;
  curve.clear(answer.lanes.length, answer.lanes[0].point.validation !== undefined);
  picture.chosen = null;
  $("formula").replaceChildren();
  $("explanation").textContent = "";
  $("why-hint").hidden = false;
  $("check-says").hidden = true;
  fill(answer);
  $("stage").max = stages(answer.activations.length);
  stage = Number($("stage").max);
  $("stage").value = stage;
  $("row").max = answer.rows - 1;
  $("lane").replaceChildren(...answer.lanes.map((_, k) => new Option(String(k + 1), String(k))));
  if (address) history.replaceState(null, "", `#${new URLSearchParams({ ...(lesson && { lesson, place }), setup: JSON.stringify(answer.setup) })}`);
  show(answer);
}

function fill(answer) {
  const select = form.elements.data;
  select.replaceChildren(...answer.data.map((name) => new Option(name, name)));
  for (const name of ["data", "hidden", "activation", "loss", "batch_size", "seed"]) form.elements[name].value = answer.setup[name];
  $("lanes-setup").replaceChildren(...answer.setup.lanes.map(laneFields));
  $("add-lane").disabled = answer.setup.lanes.length >= 4;
}

function laneFields(lane, k) {
  const box = document.createElement("div");
  box.className = "lane-setup";
  box.style.borderColor = `var(--lane${k})`;
  const field = (name, list, size) => {
    const label = document.createElement("label"), span = document.createElement("span"), input = document.createElement("input");
    span.textContent = `${say(name === "lr" ? "rate" : name)} ${k + 1}`;
    Object.assign(input, { name: `${name}${k}`, value: lane[name], size, autocomplete: "off" });
    if (list) input.setAttribute("list", list);
    label.append(span, input);
    box.append(label);
  };
  field("rule", "rules", 22);
  field("optimizer", "optimizers", 12);
  field("lr", "", 7);
  if (k > 0) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: say("remove-lane") });
    button.setAttribute("aria-label", `${say("remove-lane")}: ${say("lane")} ${k + 1}`);
    button.addEventListener("click", () => { const setup = read(); setup.lanes.splice(k, 1); tell({ do: "setup", setup }); });
    box.append(button);
  }
  return box;
}

function read() {
  // nothing is the optimiser's own rate; what is no number goes as it is written, to be refused by name
  const rate = (text) => (text === "" ? null : Number.isFinite(Number(text)) ? Number(text) : text);
  const at = (name) => form.elements[name].value.trim();
  const lanes = [...$("lanes-setup").children].map((_, k) => ({ rule: at(`rule${k}`), optimizer: at(`optimizer${k}`), lr: rate(at(`lr${k}`)) }));
  return { ...start.setup, data: at("data"), hidden: at("hidden"), activation: at("activation"), loss: at("loss"), batch_size: Number(at("batch_size")), seed: Number(at("seed")), lanes };
}

function show(answer) {
  view = { ...view, ...answer };
  curve.add(view);
  const metrics = Object.keys(view.lanes[0].scores).filter((name) => name !== "loss");
  table($("lanes"), [say("lane"), say("updates"), say("epochs"), "E", ...metrics], view.lanes.map((lane, k) => [`${k + 1}: ${start.setup.lanes[k].rule}, ${start.setup.lanes[k].optimizer}`, lane.point.step, lane.point.epoch, number(lane.point.E, 5), ...metrics.map((name) => number(lane.scores[name], 4))]));
  const ended = view.lanes.map((lane) => lane.ended).filter(Boolean);
  if (ended.length) { $("said").textContent = ended[0]; pause(); }
  $("all-rows").checked = view.row === null;
  $("row").disabled = view.row === null;
  if (view.row !== null && document.activeElement !== $("row")) $("row").value = view.row;
  drawNetwork();
  drawOutputs();
}

function drawNetwork() {
  const lane = view.lanes[Number($("lane").value) || 0];
  picture.draw(start, lane.passes, stage, $("numbers").checked);
  $("stage-says").textContent = stageText(stage, start);
  $("stage").setAttribute("aria-valuetext", stageText(stage, start));
}

function drawOutputs() {
  const maps = view.lanes.filter((lane) => lane.map);
  while ($("maps").children.length > maps.length) $("maps").lastChild.remove();
  maps.forEach((lane, k) => {
    let figure = $("maps").children[k];
    if (!figure) {
      figure = document.createElement("figure");
      const canvas = document.createElement("canvas");
      canvas.className = "map";
      canvas.setAttribute("role", "img");
      figure.append(canvas, document.createElement("figcaption"));
      $("maps").append(figure);
    }
    const words = `${say("lane")} ${k + 1}: ${say(start.sizes[0] === 1 ? "fit" : "map")}`;
    figure.firstChild.setAttribute("aria-label", words);
    figure.lastChild.textContent = words;
    drawMap(figure.firstChild, lane.map, start);
  });
  const n = view.lanes[0].predictions.length;
  const text = (row) => row.map((v) => number(v, 3)).join(" ");
  table($("predictions"), [say("row"), say("target"), ...view.lanes.map((_, k) => `y, ${say("lane")} ${k + 1}`)], [...Array(n).keys()].map((i) => [i, text(start.T[i]), ...view.lanes.map((lane) => text(lane.predictions[i]))]));
}

async function explain(l, j, k) {
  const answer = await tell({ do: "explain", lane: Number($("lane").value) || 0, weight: [l, j, k] });
  if (!answer) return;
  $("why-hint").hidden = true;
  $("explanation").textContent = answer.explanation.text;
  katex.render(answer.explanation.latex.replace(/(\d\.\d{5})\d+(?=e|\D)/g, "$1"), $("formula"), { displayMode: true, throwOnError: false, strict: false });
}

// Playing: the next picture is asked for when the last one is drawn.
async function play() {
  playing = true;
  $("play").textContent = say("pause");
  $("play").setAttribute("aria-pressed", "true");
  while (playing) {
    const epochs = Number($("speed").value);
    await tell(epochs ? { do: "step", by: "epoch", n: epochs } : { do: "play" });
    await new Promise(requestAnimationFrame);
  }
}
function pause() {
  playing = false;
  $("play").textContent = say("play");
  $("play").setAttribute("aria-pressed", "false");
}

function sweep(to) {
  stage = Math.max(0, Math.min(Number($("stage").max), to));
  $("stage").value = stage;
  drawNetwork();
}

// Lessons
async function openLesson(name, at = 0) {
  lesson = name;
  place = at;
  $("lesson").value = name;
  $("lesson-panel").hidden = !name;
  if (!name) return;
  const own = lessons[name];
  $("lesson-title").textContent = own.title;
  const steps = own.steps.length, task = place >= steps;
  $("lesson-text").textContent = task ? `${say("task")}: ${own.task.text}` : own.steps[place].text;
  $("lesson-place").textContent = `${place + 1} / ${steps + 1}`;
  $("lesson-before").disabled = place === 0;
  $("lesson-next").disabled = task;
  $("lesson-result").textContent = "";
  if (!task && own.steps[place].setup) { pause(); await tell({ do: "setup", setup: own.steps[place].setup }); }
}

async function fromAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (given.get("lesson") in lessons) await openLesson(given.get("lesson"), Number(given.get("place")) || 0);
  else if (given.get("setup")) try { await tell({ do: "setup", setup: JSON.parse(given.get("setup")) }); } catch { /* an address that was cut short: the lab's own setup stays */ }
}

async function copy(text) {
  await navigator.clipboard.writeText(text);
  $("said").textContent = say("copied");
}

form.addEventListener("submit", (event) => { event.preventDefault(); pause(); tell({ do: "setup", setup: read() }); });
$("add-lane").addEventListener("click", () => { const setup = read(); setup.lanes.push({ ...setup.lanes.at(-1), rule: "hidden=constant" }); tell({ do: "setup", setup }); });
$("play").addEventListener("click", () => (playing ? pause() : play()));
$("update").addEventListener("click", () => tell({ do: "step", by: "update", n: 1 }));
$("epoch").addEventListener("click", () => tell({ do: "step", by: "epoch", n: 1 }));
$("back").addEventListener("click", () => { pause(); tell({ do: "back" }); });
$("rewind").addEventListener("click", () => { pause(); tell({ do: "back", step: 0 }); });
$("row").addEventListener("change", () => tell({ do: "look", row: Number($("row").value) }));
$("all-rows").addEventListener("change", () => tell({ do: "look", row: $("all-rows").checked ? null : Number($("row").value) || 0 }));
$("lane").addEventListener("change", drawNetwork);
$("numbers").addEventListener("change", drawNetwork);
$("stage").addEventListener("input", () => sweep(Number($("stage").value)));
$("sweep-back").addEventListener("click", () => sweep(stage - 1));
$("sweep-on").addEventListener("click", () => sweep(stage >= Number($("stage").max) ? 0 : stage + 1));
$("check").addEventListener("click", async () => {
  const answer = await tell({ do: "check", lane: Number($("lane").value) || 0 });
  if (!answer) return;
  $("check-says").hidden = false;
  $("check-says").textContent = answer.check.says;
});
$("copy-command").addEventListener("click", () => copy(view.lanes[Number($("lane").value) || 0].command));
$("copy-link").addEventListener("click", () => copy(location.href));
$("save-svg").addEventListener("click", () => {
  const own = picture.svg.cloneNode(true), style = getComputedStyle(document.documentElement);
  own.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  let text = new XMLSerializer().serializeToString(own);
  text = text.replace(/var\((--\w+)\)/g, (_, name) => style.getPropertyValue(name).trim());
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  link.download = "network.svg";
  link.click();
  URL.revokeObjectURL(link.href);
});
$("lesson").addEventListener("change", () => openLesson($("lesson").value));
$("lesson-before").addEventListener("click", () => openLesson(lesson, place - 1));
$("lesson-next").addEventListener("click", () => openLesson(lesson, place + 1));
$("lesson-check").addEventListener("click", async () => {
  const answer = await tell({ do: "task", lesson });
  if (answer) $("lesson-result").classList.toggle("lacking", answer.lacking.length > 0);
  if (answer) $("lesson-result").textContent = answer.lacking.length ? `${say("lacking")}: ${answer.lacking.map((what) => what.split(" ").map((word) => say(word)).join(" ")).join(", ")}` : say("done");
});
$("language").addEventListener("change", async () => { await load($("language").value); $("lesson").options[0].textContent = say("no-lesson"); if (start) { fill(start); curve.clear(curve.lanes, curve.validation); show(view); if (lesson) openLesson(lesson, place); } });
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, select, textarea, button, pre, summary") || event.ctrlKey || event.metaKey || event.altKey) return;
  const keys = { " ": () => $("play").click(), u: () => $("update").click(), e: () => $("epoch").click(), b: () => $("back").click(), ArrowLeft: () => sweep(stage - 1), ArrowRight: () => sweep(stage + 1) };
  if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
});

await load("en");
lessons = await (await fetch("lessons.json")).json();
$("lesson").replaceChildren(new Option(say("no-lesson"), ""), ...Object.entries(lessons).map(([name, own]) => new Option(own.title, name)));
connect();
