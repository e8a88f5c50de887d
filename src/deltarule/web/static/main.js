// The page: what it asks its session for, and what it shows of the answers.

import { Apart } from "./apart.js";
import { Checking } from "./check.js";
import { Drawing, give, watchDrops } from "./data.js";
import { FolderView } from "./folder.js";
import { Lessons } from "./lessons.js";
import { Heat } from "./heat.js";
import { Curve, drawConfusion, drawOutputs, table } from "./pictures.js";
import { stageText, stages } from "./formulas.js";
import { Picture, layerRows } from "./network.js";
import { asPng, canvasesSvg, networkSvg, save, savePacked } from "./save.js";
import { Live, Recorded } from "./session.js";
import { SetupForm } from "./setup.js";
import { load, number, say } from "./text.js";

const $ = (id) => document.getElementById(id);
const recorded = $("recorded") && JSON.parse($("recorded").textContent);
let session = null, start = null, view = null, stage = 0, playing = false, furthest = 0;
const curve = new Curve($("curve"));
const hooks = { hover: (...what) => apart.hover(...what), click: (l, j, k) => apart.explain({ weight: [l, j, k] }), node: (l, j) => apart.explain({ node: [l, j] }), look: recorded ? null : (firsts) => tell({ do: "look", firsts }) };
const lines = new Picture($("picture"), hooks), heat = new Heat($("picture"), hooks);
let picture = lines;
const form = new SetupForm($("setup"), $("lanes-setup"), setUp);
const lessons = new Lessons($, tell, pause);
const lane = () => Number($("lane").value) || 0;
const apart = new Apart($, tell, () => ({ start, view, lane: lane(), stage, playing, picture }));
const checking = new Checking($, tell, () => ({ setup: start?.setup, lane: lane(), index: apart.index }));
const folder = new FolderView($, tell);
const drawing = new Drawing($("draw"), $("draw-kind"), (n) => ($("draw-says").textContent = say("draw-label", { n })));

// Ask, and show the answer; what is wrong is said, and then null comes back.
async function tell(message) {
  const answer = await session.ask(message);
  $("said").textContent = answer.error ?? "";
  if (answer.error) {
    pause();
    if (message.do === "setup") form.fill(start); // what was refused is in the message, and not in a field
    return null;
  }
  if (answer.setup) await begin(answer);
  else if (answer.lanes) show(answer);
  return answer;
}

function setUp(setup) {
  pause();
  return tell({ do: "setup", setup });
}

async function begin(answer, address = true) {
  start = answer;
  curve.clear(answer.lanes.length, answer.lanes[0].point.validation !== undefined);
  lines.chosen = heat.chosen = null;
  choosePicture();
  furthest = 0;
  apart.clear();
  if (!recorded) { form.fill(answer); checking.clear(); }
  $("add-lane").disabled = answer.setup.lanes.length >= 4;
  $("notes").replaceChildren(...answer.notes.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  $("stage").max = stages(answer.activations.length);
  stage = Number($("stage").max);
  $("stage").value = stage;
  $("row").max = answer.rows;
  $("lane").replaceChildren(...answer.lanes.map((_, k) => new Option(String(k + 1), String(k))));
  const { name, place } = lessons;
  if (address && !recorded) history.replaceState(null, "", `#${new URLSearchParams({ ...(name && { lesson: name, place }), setup: JSON.stringify(answer.setup) })}`);
  if (recorded) for (const frame of recorded.frames) curve.add(frame);
  show(answer);
}

function show(answer) {
  view = { ...view, ...answer };
  if (!recorded) curve.add(view);
  const metrics = Object.keys(view.lanes[0].scores).slice(0, 2);
  const named = (own, k) => `${k + 1}: ${own.mistake || own.rule}${own.matched ? ` (${say("matched")})` : ""}${own.optimizer && `, ${own.optimizer}`}`;
  table($("lanes"), [say("lane"), say("updates"), say("epochs"), "E", ...metrics.map((name) => say(name))], view.lanes.map((one, k) => [named(start.setup.lanes[k], k), one.point.step, one.point.epoch, number(one.point.E, 5), ...metrics.map((name) => number(one.scores[name], 4))]));
  const ended = view.lanes.map((one) => one.ended).filter(Boolean);
  if (ended.length) $("said").textContent = ended[0];
  if (ended.length === view.lanes.length || view.over) pause();
  const here = Math.max(...view.lanes.map((one) => one.point.step)), { rate } = view.lanes[lane()];
  furthest = Math.max(furthest, here);
  $("when").max = furthest;
  $("when").value = here;
  $("when").setAttribute("aria-valuetext", `${here}`);
  if (document.activeElement !== $("rate") && rate !== undefined) $("rate").value = rate;
  $("all-rows").checked = view.row === null;
  $("row").disabled = view.row === null;
  if (view.row !== null && document.activeElement !== $("row")) $("row").value = view.row + 1;
  drawNetwork();
  drawConfusion($("confusion"), view.lanes[lane()].confusion, start.classes, say("confusion", { k: lane() + 1 }));
  drawOutputs($("maps"), $("predictions"), start, view);
  apart.again();
}

// Lines as far as they can be told apart; heat maps of any network, where they are asked for.
function choosePicture() {
  const large = Math.max(...start.sizes) > 64, { chosen } = picture;
  $("as-heat").disabled = large;
  picture = large || $("as-heat").checked ? heat : lines;
  picture.chosen = chosen;
}

function drawNetwork() {
  picture.draw(start, view.lanes.map((one) => one.passes), lane(), stage, $("numbers").checked);
  table($("layers"), [say("layer"), "f", say("mean-delta"), say("spread-delta"), say("mean-slope"), say("spread-slope"), say("least-slope")], layerRows(start, view.lanes[lane()].passes));
  apart.draw();
  $("stage-says").textContent = stageText(stage, start);
  $("stage").setAttribute("aria-valuetext", stageText(stage, start));
}

// Playing: the session is at work on the next picture while the last one is drawn.
async function play() {
  if (playing) return;
  playing = true;
  $("play").textContent = say("pause");
  $("play").setAttribute("aria-pressed", "true");
  const next = () => {
    const epochs = Number($("speed").value);
    return session.ask(epochs ? { do: "step", by: "epoch", n: epochs } : { do: "play" });
  };
  let coming = next();
  while (playing) {
    const answer = await coming;
    if (answer.error) { $("said").textContent = answer.error; pause(); return; }
    if (playing && answer.lanes.some((one) => !one.ended) && !answer.over) coming = next();
    else { show(answer); pause(); return; }
    show(answer);
    await new Promise(requestAnimationFrame);
  }
  show(await coming);
}
function pause() {
  playing = false;
  $("play").textContent = say("play");
  $("play").setAttribute("aria-pressed", "false");
  if (view) apart.formula();
}

// To any update: back over stored states, or on.
function goTo(step) {
  const here = Math.max(...view.lanes.map((one) => one.point.step));
  pause();
  if (step < here) tell({ do: "back", step });
  else if (step > here) tell({ do: "step", by: "update", n: step - here });
}

function sweep(to) {
  stage = Math.max(0, Math.min(Number($("stage").max), to));
  $("stage").value = stage;
  drawNetwork();
}

async function fromAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (given.get("lesson") in lessons.all) await lessons.open(given.get("lesson"), Number(given.get("place")) || 0);
  else if (given.get("setup")) try { await tell({ do: "setup", setup: JSON.parse(given.get("setup")) }); } catch { /* an address that was cut short: the lab's own setup stays */ }
}

async function copy(text) {
  await navigator.clipboard.writeText(text);
  $("said").textContent = say("copied");
}

async function use(file) {
  pause();
  $("own").open = true; // what is said of the file stands there
  const found = await give(file, tell);
  if (found) await setUp({ ...form.read(), data: found.name, target: "", weights: "drawn", ...(found.rows < 20 && { validation: 0, test: 0 }) });
}

async function savePicture(ending) {
  const what = $("view").value, drawn = what === "network" && picture === lines;
  const place = $({ network: "picture", curve: "curve", map: "maps", bend: "bend-plot", v: "v" }[what]), canvases = [...place.querySelectorAll("canvas")];
  if (!drawn && !canvases.length) { $("said").textContent = say("no-picture"); return; }
  const svg = drawn ? networkSvg(picture.svg) : canvasesSvg(canvases);
  save(`${what}.${ending}`, ending === "svg" ? new Blob([svg], { type: "image/svg+xml" }) : await asPng(svg));
}

$("setup").addEventListener("submit", (event) => { event.preventDefault(); setUp(form.read()); });
$("add-lane").addEventListener("click", () => { const setup = form.read(); setup.lanes.push({ ...setup.lanes.at(-1), rule: "hidden=constant", mistake: "", matched: false }); setUp(setup); });
$("file").addEventListener("change", () => { const [file] = $("file").files; $("file").value = ""; if (file) use(file); });
$("draw-use").addEventListener("click", () => use(drawing.file()));
$("draw-clear").addEventListener("click", () => drawing.clear());
$("play").addEventListener("click", () => (playing ? pause() : play()));
$("update").addEventListener("click", () => tell({ do: "step", by: "update", n: 1 }));
$("epoch").addEventListener("click", () => tell({ do: "step", by: "epoch", n: 1 }));
$("back").addEventListener("click", () => { pause(); tell({ do: "back" }); });
$("rewind").addEventListener("click", () => { pause(); tell({ do: "back", step: 0 }); });
$("when").addEventListener("change", () => goTo(Number($("when").value)));
$("rate").addEventListener("change", () => tell({ do: "rate", lane: lane(), lr: Number($("rate").value) }));
$("row").addEventListener("change", () => tell({ do: "look", row: Number($("row").value) - 1 }));
$("all-rows").addEventListener("change", () => tell({ do: "look", row: $("all-rows").checked ? null : Math.max(0, Number($("row").value) - 1) }));
$("predictions").addEventListener("click", (event) => { if (event.target.matches(".pick")) tell({ do: "look", row: Number(event.target.value) }); });
$("lane").addEventListener("change", () => show(view));
$("numbers").addEventListener("change", drawNetwork);
$("as-heat").addEventListener("change", () => { choosePicture(); drawNetwork(); });
$("stage").addEventListener("input", () => sweep(Number($("stage").value)));
$("sweep-back").addEventListener("click", () => sweep(stage - 1));
$("sweep-on").addEventListener("click", () => sweep(stage >= Number($("stage").max) ? 0 : stage + 1));
$("copy-command").addEventListener("click", () => copy(view.lanes[lane()].command || say("no-command")));
$("copy-link").addEventListener("click", () => copy(location.href));
for (const button of document.querySelectorAll("[data-export]")) {
  button.addEventListener("click", async () => {
    pause();
    const answer = await tell({ do: "export", what: button.dataset.export, lane: lane() });
    if (answer) savePacked(answer.export);
  });
}
$("save-svg").addEventListener("click", () => savePicture("svg"));
$("save-png").addEventListener("click", () => savePicture("png"));
$("language").addEventListener("change", async () => {
  await load($("language").value, recorded);
  if (!start) return;
  if (!recorded) { form.fill(start); curve.clear(curve.lanes, curve.validation); lessons.reword(); }
  note();
  show(view);
});
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, select, textarea, button, pre, summary, canvas") || event.ctrlKey || event.metaKey || event.altKey) return;
  const keys = { " ": () => $("play").click(), u: () => $("update").click(), e: () => $("epoch").click(), b: () => $("back").click(), ArrowLeft: () => sweep(stage - 1), ArrowRight: () => sweep(stage + 1) };
  if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
});

function note() {
  $("snapshot-note").hidden = !recorded;
  if (recorded) $("snapshot-note").textContent = say("snapshot", { n: recorded.frames.length, last: recorded.frames.at(-1).step, data: recorded.start.setup.data, rows: recorded.start.rows, all: recorded.all_rows });
}
function closed(code) {
  pause();
  $("said").textContent = say(code === 4000 ? "idle" : code === 1013 ? "full" : "closed");
}

document.body.classList.toggle("recorded", Boolean(recorded));
await load("en", recorded);
note();
if (recorded) session = new Recorded(recorded, begin);
else {
  await lessons.load();
  watchDrops(use);
  session = new Live(async (answer) => {
    await begin(answer, false);
    if (answer.folder) await folder.open();
    await fromAddress();
  }, closed);
}
