// ---- the muscle transplant: two samples exchange what their outlines hold
const swappable = samples.filter((one) => one.picture && one.outline);
function canvasOf(width, height) {
  const made = element("canvas");
  made.width = width;
  made.height = height;
  return made;
}
// First row of the outline in each column, and the row after the last; none where it is not.
function spans(outline, width, height) {
  const context = canvasOf(width, height).getContext("2d");
  context.scale(width, height);
  context.fill(new Path2D(outline), "evenodd");
  const alpha = context.getImageData(0, 0, width, height).data, found = [];
  for (let x = 0; x < width; x++) {
    const inside = (y) => alpha[4 * (y * width + x) + 3] > 127;
    let top = 0, bottom = height;
    while (top < height && !inside(top)) top++;
    while (bottom > top && !inside(bottom - 1)) bottom--;
    if (bottom > top) found.push({ x, top, bottom });
  }
  return found;
}
function exchanged(host, image, donor, given) {
  const made = canvasOf(image.naturalWidth, image.naturalHeight), context = made.getContext("2d");
  context.drawImage(image, 0, 0);
  if (!donor) return made;
  const place = spans(host.outline, made.width, made.height);
  const source = spans(donor.outline, given.naturalWidth, given.naturalHeight);
  if (!source.length) return made;
  place.forEach(({ x, top, bottom }, i) => {
    const from = source[Math.round((i * (source.length - 1)) / Math.max(place.length - 1, 1))];
    context.drawImage(given, from.x, from.top, 1, from.bottom - from.top, x, top, 1, bottom - top);
  });
  return made;
}
async function drawSwap() {
  const pair = ["a", "b"].map((end) => swappable[$("swap-" + end).selectedIndex]);
  const images = pair.map(pictureOf);
  await Promise.all(images.map((image) => image.decode()));
  if (pair.some((one, i) => one !== swappable[$("swap-" + "ab"[i]).selectedIndex])) return;
  const [a, b] = pair.map((one) => one.index);
  const known = data.pairs.find(([i, j]) => (i === a && j === b) || (i === b && j === a));
  const read = known && (known[0] === a ? known.slice(2) : [known[3], known[2]]);
  const tile = (host, donor) => {
    const [one, other] = [pair[host], pair[donor]];
    const made = exchanged(one, images[host], other, images[donor]);
    const text = !other ? both("swap_own", ages(one))
      : both(read ? "swap_with" : "swap_unread", { name: label(other), pred: read && number(read[host]) });
    made.setAttribute("role", "img");
    made.setAttribute("aria-label", label(one));
    return element("li", "", made, element("strong", "", label(one)), text);
  };
  $("swap-tiles").replaceChildren(tile(0), tile(0, 1), tile(1, 0), tile(1));
}
if ($("swap")) {
  const apart = ([a, b]) => Math.abs(samples[a].true_age - samples[b].true_age);
  const first = data.pairs.slice().sort((p, q) => apart(q) - apart(p))[0];
  const ends = first ? [first[0], first[1]].sort((a, b) => samples[a].true_age - samples[b].true_age)
    : [0, 1];
  ["a", "b"].forEach((end, i) => {
    const select = $("swap-" + end);
    select.append(...swappable.map((one) => new Option(`${label(one)} (${number(one.true_age, 0)})`)));
    select.selectedIndex = Math.max(swappable.findIndex((one) => one.index === ends[i]), 0);
    select.addEventListener("change", drawSwap);
  });
  if (swappable.length > 1) drawSwap();
  else $("swap").hidden = true;
}
