"""How the page looks, on a screen, a telephone and paper; and the button that copies a table."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light; }
body { margin: 0; background: #fff; color: #1a1a1a; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0.5rem 0; }
h2 { font-size: 1.2rem; margin: 2rem 0 0.5rem; border-top: 1px solid #ddd; padding-top: 1rem; }
.question { font-size: 1.15rem; font-style: italic; }
.size { color: #555; }
li { margin: 0.4rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.86rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 0.25rem 0.6rem; border-bottom: 1px solid #e4e4e4; }
td { min-width: 3.2rem; max-width: 13rem; overflow-wrap: break-word; }
td span { white-space: nowrap; }
th { vertical-align: bottom; min-width: 4.5rem; }
th:first-child, td:first-child { text-align: left; }
button.copy { margin: 0.4rem 0; font: inherit; font-size: 0.85rem; }
figure { display: inline-block; vertical-align: top; margin: 0.5rem 0.5rem 0.5rem 0;
         width: 28rem; max-width: 100%; }
figure.whole { width: 100%; }
figure svg { width: 100%; height: auto; }
figcaption { font-size: 0.85rem; color: #555; }
pre { overflow-x: auto; background: #f5f5f5; padding: 0.6rem; font-size: 0.85rem; }
@media print {
  button.copy { display: none; }
  .wide { overflow: visible; }
  table { font-size: 7pt; }
  figure { break-inside: avoid; }
}
"""

SCRIPT = """
for (const button of document.querySelectorAll("button.copy")) {
  button.addEventListener("click", async () => {
    const rows = [...button.previousElementSibling.querySelectorAll("tr")];
    const text = rows.map(r => [...r.cells].map(c => c.textContent).join("\\t")).join("\\n");
    try { await navigator.clipboard.writeText(text); button.textContent = "Copied"; }
    catch { button.textContent = "Mark the table and copy it"; }
  });
}
"""
