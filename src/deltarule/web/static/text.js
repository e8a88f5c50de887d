// The page's words, from a file of strings for each language; numbers as they are shown.

let words = {};

// A snapshot carries the words of all languages with it.
export async function load(language, recorded) {
  words = recorded ? recorded.words[language] : await (await fetch(`strings/${language}.json`)).json();
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = say(element.dataset.text);
  }
  for (const element of document.querySelectorAll("[data-label]")) element.ariaLabel = say(element.dataset.label);
}

export function language() {
  return document.documentElement.lang;
}

export function say(name, values = {}) {
  return (words[name] ?? name).replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}

// A number beside a line: at most 7 characters.
export function short(value) {
  if (typeof value !== "number" || value === 0 || (Math.abs(value) >= 0.01 && Math.abs(value) < 1000)) return number(value, 3);
  return value.toExponential(1).replace("-", value < 0 ? "−" : "-").replace("e+", "e");
}

// 4 significant digits, the minus sign of typography; numbers that are not finite come as text.
export function number(value, digits = 4) {
  if (typeof value !== "number") return value === undefined || value === null ? "" : String(value);
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 1e5 || size < 1e-4 ? value.toExponential(digits - 2) : String(Number(value.toPrecision(digits)));
  return text.replace("-", "−").replace("e−", "e-").replace("e+", "e");
}

// The same in a formula, with a power of ten.
export function tex(value, digits) {
  return number(value, digits).replace(/e(-?\d+)/, (_, power) => ` \\cdot 10^{${power}}`);
}

// How far the numbers of other lanes are from those of one: `numbers(passes)` has them by name.
export function differences(others, passes, numbers) {
  const own = numbers(passes);
  const apart = (found) => Object.entries(found).filter(([name, v]) => typeof v === "number" && typeof own[name] === "number").map(([name, v]) => `${name} ${v < own[name] ? "" : "+"}${number(v - own[name], 3)}`);
  return others.map(({ other, name }) => `\n${name}: ${apart(numbers(other)).join("   ")}`).join("");
}

// The numbers of a formula to 5 significant digits, small ones with a power of ten.
export function shortFormula(latex) {
  return latex.replace(/\d+\.\d{5,}/g, (text) => {
    const value = Number(text);
    if (value === 0 || value >= 1e-4) return String(Number(value.toPrecision(5)));
    const [digits, power] = value.toExponential(4).split("e");
    return `${digits} \\cdot 10^{${Number(power)}}`;
  });
}
