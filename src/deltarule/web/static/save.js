// Files to take along: what the session packs, and pictures of what is shown.

export function save(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function savePacked({ name, base64 }) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  save(name, new Blob([bytes], { type: name.endsWith(".html") ? "text/html" : "application/octet-stream" }));
}

// The network as it is drawn: the page's colours and letters become the picture's own.
export function networkSvg(svg) {
  const own = svg.cloneNode(true), style = getComputedStyle(document.documentElement);
  const [, , width, height] = svg.getAttribute("viewBox").split(" ");
  own.removeAttribute("style");
  own.querySelectorAll(".hit").forEach((line) => line.remove());
  const shown = svg.querySelectorAll("text"), copies = own.querySelectorAll("text");
  copies.forEach((text, k) => {
    const like = getComputedStyle(shown[k]);
    const own = { "font-size": like.fontSize, "font-family": like.fontFamily, "text-anchor": like.textAnchor, fill: like.fill, "paint-order": "stroke", stroke: like.stroke, "stroke-width": like.strokeWidth };
    for (const [key, value] of Object.entries(own)) text.setAttribute(key, value); // a style attribute is refused here
  });
  own.querySelectorAll("circle").forEach((circle) => circle.setAttribute("stroke", style.getPropertyValue("--ink").trim()));
  own.querySelectorAll(".on-path").forEach((line) => line.setAttribute("stroke", style.getPropertyValue("--mark").trim()));
  own.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  own.setAttribute("width", width);
  own.setAttribute("height", height);
  const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [key, value] of Object.entries({ width, height, fill: style.getPropertyValue("--paper").trim() })) paper.setAttribute(key, value);
  own.prepend(paper);
  return new XMLSerializer().serializeToString(own).replace(/var\((--\w+)\)/g, (_, name) => style.getPropertyValue(name).trim());
}

// Canvases side by side, each as an image in one picture.
export function canvasesSvg(canvases) {
  const scale = devicePixelRatio || 1;
  let x = 0, height = 0;
  const images = canvases.map((canvas) => {
    const size = [canvas.width / scale, canvas.height / scale];
    const image = `<image x="${x}" y="0" width="${size[0]}" height="${size[1]}" href="${canvas.toDataURL("image/png")}"/>`;
    x += size[0] + 12;
    height = Math.max(height, size[1]);
    return image;
  });
  const paper = getComputedStyle(document.documentElement).getPropertyValue("--paper").trim();
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${x - 12}" height="${height}"><rect width="100%" height="100%" fill="${paper}"/>${images.join("")}</svg>`;
}

// The picture in pixels, two for each of its own.
export async function asPng(svg) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = 2 * image.width;
  canvas.height = 2 * image.height;
  const context = canvas.getContext("2d");
  context.scale(2, 2);
  context.drawImage(image, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
