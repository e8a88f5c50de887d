// What the theme leaves out for keyboards and screen readers: names of landmarks, levels of headings,
// and a place in the order of Tab for whatever scrolls by itself.
document.addEventListener("DOMContentLoaded", () => {
  for (const caption of document.querySelectorAll(".caption[role=heading]")) {
    caption.setAttribute("aria-level", "2");
  }
  for (const [selector, name] of [
    [".sidebar-drawer", "Pages"],
    [".toc-drawer", "On this page"],
  ]) {
    document.querySelector(selector)?.setAttribute("aria-label", name);
  }
  for (const one of document.querySelectorAll(".sig dl, .sig dd")) {
    const plain = document.createElement("div"); // parameters of a signature define nothing
    plain.className = one.tagName === "DD" ? "sig-line" : "";
    plain.append(...one.childNodes);
    one.replaceWith(plain);
  }
  for (const head of document.querySelectorAll("th")) {
    const math = head.querySelector("math");
    if (math) {
      const frame = document.createElement("span"); // formulas alone do not count as words
      frame.setAttribute("role", "img");
      frame.setAttribute("aria-label", math.textContent);
      math.replaceWith(frame);
      frame.append(math);
    } else if (!head.textContent.trim()) head.setAttribute("role", "cell"); // it heads nothing
  }
  if (!document.querySelector("h1")) {
    const first = document.createElement("h1"); // the page of searches has none
    first.textContent = document.title.split(" - ")[0];
    document.querySelector("article")?.prepend(first);
  }
  const scrolls = (one) => one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight;
  const reach = () => {
    for (const one of document.querySelectorAll("pre, .table-wrapper, .output, math, article div")) {
      if (scrolls(one) && getComputedStyle(one).overflowX !== "visible") one.tabIndex = 0;
    }
  };
  reach();
  addEventListener("resize", reach);
});
