// ---- the two plots: marks, pointing, dragging a region
const SVG = "http://www.w3.org/2000/svg";
const SHAPES = [
  "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0", // circle
  "M0-4.6L4.4 3.4H-4.4Z", // triangle
  "M-3.2-3.2H3.2V3.2H-3.2Z", // square
  "M0-4.8L4.2 0L0 4.8L-4.2 0Z", // diamond
  "M0 4.6L4.4-3.4H-4.4Z", // triangle, head down
  "M-1.3-4.4H1.3V-1.3H4.4V1.3H1.3V4.4H-1.3V1.3H-4.4V-1.3H-1.3Z", // plus
];
const NEAR = 14; // units of the drawing within which a dot is pointed at

// A plot: its dots' places, and what a reader does on it. told: {point, leave, open, region}.
function makePlot(svg, told) {
  const dots = [...svg.querySelectorAll(".dots path")];
  const places = dots.map((dot) => dot.getAttribute("transform").match(/[-\d.]+/g).map(Number));
  const region = svg.querySelector(".region"), here = svg.querySelector(".here");
  let from = null;

  const at = (event) => {
    const point = new DOMPoint(event.clientX, event.clientY);
    const { x, y } = point.matrixTransform(svg.getScreenCTM().inverse());
    return [x, y];
  };
  const nearest = ([x, y]) => {
    let best = -1, least = NEAR;
    places.forEach(([u, v], i) => {
      const distance = dots[i].classList.contains("out") ? Infinity : Math.hypot(u - x, v - y);
      if (distance < least) [best, least] = [i, distance];
    });
    return best;
  };
  const box = (a, b) => [0, 1].flatMap((k) => [Math.min(a[k], b[k]), Math.max(a[k], b[k])]);
  const dragged = (b) => Math.max(b[1] - b[0], b[3] - b[2]) > 5;
  const outline = (b) => {
    const [x, right, y, bottom] = b ?? [0, 0, 0, 0];
    for (const [name, value] of Object.entries({ x, y, width: right - x, height: bottom - y })) {
      region.setAttribute(name, value);
    }
  };

  svg.addEventListener("pointerdown", (event) => {
    from = at(event);
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointermove", (event) => {
    const to = at(event);
    if (from && dragged(box(from, to))) return outline(box(from, to));
    const i = nearest(to);
    if (i < 0) told.leave();
    else told.point(i, event);
  });
  svg.addEventListener("pointerup", (event) => {
    if (!from) return;
    const chosen = box(from, at(event));
    const i = nearest(from);
    from = null;
    if (dragged(chosen)) {
      told.region(svg, new Set([...dots.keys()].filter((k) => inside(places[k], chosen))));
    } else if (i >= 0) told.open(i);
  });
  svg.addEventListener("pointercancel", () => { from = null; outline(null); });
  svg.addEventListener("pointerleave", told.leave);

  return {
    svg,
    clear: () => outline(null),
    show(i) {
      const [x, y] = places[i] ?? [-20, -20];
      here.setAttribute("cx", x);
      here.setAttribute("cy", y);
    },
    dim: (kept) => dots.forEach((dot, i) => dot.classList.toggle("out", !kept.has(i))),
    mark(kinds) {
      dots.forEach((dot, i) => {
        const [shape, colour] = markOf(kinds[i]);
        dot.setAttribute("d", shape);
        dot.setAttribute("class", colour);
      });
    },
  };
}

// Shape and colour of kind k: another pair for each of the first 36.
function markOf(k) {
  const n = SHAPES.length;
  return [SHAPES[k % n], "m" + ((k + Math.floor(k / n)) % n)];
}

const inside = ([x, y], [left, right, top, bottom]) =>
  x >= left && x <= right && y >= top && y <= bottom;

// The entry of a legend: the mark as it is drawn, and a label.
function legendEntry(k, label) {
  const item = document.createElement("li"), svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "-6 -6 12 12");
  svg.setAttribute("aria-hidden", "true");
  const [shape, colour] = markOf(k);
  path.setAttribute("d", shape);
  path.setAttribute("class", colour);
  svg.append(path);
  item.append(svg, label);
  return item;
}
