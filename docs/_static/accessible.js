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
  const scrolls = (one) => one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight;
  const reach = () => {
    for (const one of document.querySelectorAll("pre, .table-wrapper, .output, math, article div")) {
      if (scrolls(one) && getComputedStyle(one).overflowX !== "visible") one.tabIndex = 0;
    }
  };
  reach();
  addEventListener("resize", reach);
});
