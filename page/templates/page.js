// ---- what the page knows: samples, worst first, as their rows in the table stand
const data = JSON.parse(document.getElementById("page-data").textContent);
const $ = (id) => document.getElementById(id);
const samples = data.rows.map((row) => Object.fromEntries(row.map((v, i) => [data.fields[i], v])));
const tables = { jet: bytes(data.jet), diverging: bytes(data.diverging) };
const maps = new Float32Array(bytes(data.maps).buffer);
const body = $("table").tBodies[0];
samples.forEach((one, i) => {
  one.index = i;
  one.row = body.rows[i];
  one.link = one.row.querySelector("a");
  one.picture = one.row.querySelector("img");
});
let order = samples.slice(); // sorted, of all
let listed = samples.slice(); // sorted and filtered: what the table holds
let region = null; // {plot, kept} of a dragged rectangle
let opened = 0;

// ---- texts
const language = () => document.querySelector("input[name=lang]:checked").value;
const say = (lang, key, facts = {}) =>
  data.words[lang][key].replace(/\{(\w+)\}/g, (_, name) => facts[name] ?? "");
// Both languages as spans, of which the style shows one.
function both(key, facts) {
  const made = document.createDocumentFragment();
  for (const lang of ["en", "zh"]) {
    const span = document.createElement("span");
    span.lang = lang;
    span.textContent = say(lang, key, facts);
    made.append(span);
  }
  return made;
}
function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}
// As in the table, whose writer rounds halves to even.
const number = (value, digits = 1) => {
  const scaled = value * 10 ** digits;
  const half = Number.isInteger(value * 2 ** (digits + 1)) && Math.abs(scaled % 1) === 0.5;
  const even = half ? (2 * Math.round(scaled / 2)) / 10 ** digits : value;
  const text = even.toFixed(digits).replace("-", "−");
  return /[1-9]/.test(text) ? text : text.replace("−", "");
};
const signed = (value) => (Number(value.toFixed(1)) > 0 ? "+" : "") + number(value);
const ages = (one) =>
  ({ true: number(one.true_age), pred: number(one.pred_age), error: signed(one.error) });
const label = (one) => one.link.textContent;
function pictureOf(one) {
  if (!one.picture) return "";
  const image = new Image();
  image.alt = "";
  image.src = one.picture.src;
  return image;
}

// ---- the table
let shown = data.shown_first;
function draw() {
  body.replaceChildren(...listed.slice(0, shown).map((one) => one.row));
  $("more").hidden = shown >= listed.length;
}
function more() {
  if (shown >= listed.length) return;
  body.append(...listed.slice(shown, shown * 2).map((one) => one.row));
  shown *= 2;
  $("more").hidden = shown >= listed.length;
}
function sortBy(key, direction) {
  const compare = new Intl.Collator(undefined, { numeric: true }).compare;
  order.sort((a, b) => {
    const [u, v] = [a[key], b[key]];
    if (u === null || v === null) return (u === null) - (v === null); // unknown ones last
    return direction * (typeof u === "string" ? compare(u, v) : u - v) || a.index - b.index;
  });
  filter();
}
for (const cell of $("table").tHead.rows[0].cells) {
  const button = element("button", "", ...cell.childNodes);
  button.type = "button";
  cell.append(button);
  button.addEventListener("click", () => {
    const key = cell.dataset.key, was = cell.getAttribute("aria-sort");
    const text = typeof samples[0]?.[key] === "string";
    const next = was ? (was === "ascending" ? "descending" : "ascending")
      : text ? "ascending" : "descending";
    for (const other of cell.parentNode.cells) other.removeAttribute("aria-sort");
    cell.setAttribute("aria-sort", next);
    sortBy(key, next === "ascending" ? 1 : -1);
  });
}
const wanted = { group: "age_group", sex: "sex", cohort: "cohort" };
function filter() {
  const name = $("by-name").value.trim().toLowerCase(), least = Number($("by-error").value);
  const equal = Object.entries(wanted).filter(([id]) => $("by-" + id)?.value);
  listed = order.filter((one) =>
    one.filename.toLowerCase().includes(name) && one.abs_error >= least
    && equal.every(([id, key]) => one[key] === $("by-" + id).value)
    && !($("by-muscle")?.checked && !(one.energy_ratio !== null && one.energy_ratio < 1))
    && (!region || region.kept.has(one.index)));
  shown = data.shown_first;
  draw();
  $("rows").scrollTop = 0;
  $("count").replaceChildren(both("count", { n: listed.length, all: samples.length }));
  $("none").hidden = listed.length > 0;
  $("region").hidden = !region;
  const kept = new Set(listed.map((one) => one.index));
  plots.forEach((plot) => plot.dim(kept));
  steps();
}
function clear(except = {}) {
  for (const control of $("filters").querySelectorAll("input, select")) {
    if (control.type === "checkbox") control.checked = except.muscle === "off";
    else control.value = except[control.id.slice(3)] ?? "";
  }
  region = null;
  plots.forEach((plot) => plot.clear());
  filter();
}
$("filters").addEventListener("input", filter);
$("clear").addEventListener("click", () => clear());
$("more").addEventListener("click", more);
$("rows").addEventListener("scroll", () => {
  const box = $("rows");
  if (box.scrollTop + 2 * box.clientHeight > box.scrollHeight) more();
});
addEventListener("beforeprint", () => { shown = listed.length; draw(); });

// ---- the plots
function go(one) {
  open(one); // at once: the address is followed only later
  location.hash = one.link.getAttribute("href");
}
const plots = [...document.querySelectorAll(".scatter")].map((svg) => makePlot(svg, {
  leave() { $("tip").hidden = true; plots.forEach((plot) => plot.show(-1)); },
  point(i, event) {
    const one = samples[i], tip = $("tip");
    tip.replaceChildren(pictureOf(one), element("b", "", label(one)), element("br"),
      both("ages", ages(one)));
    tip.hidden = false;
    const room = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(event.clientX + 16, innerWidth - room.width - 8)) + "px";
    tip.style.top = Math.max(4, Math.min(event.clientY + 16, innerHeight - room.height - 8)) + "px";
    plots.forEach((plot) => plot.show(i));
  },
  open(i) { go(samples[i]); },
  region(svg, kept) {
    region = { kept };
    plots.filter((plot) => plot.svg !== svg).forEach((plot) => plot.clear());
    filter();
  },
}));
$("colour-by").addEventListener("change", () => {
  const key = $("colour-by").value;
  const sizes = ["error_small", "error_middle", "error_large"];
  const of = (one) =>
    key === "none" ? "" : key === "abs_error" ? Math.min(Math.floor(one.abs_error / 5), 2) : one[key];
  const youngest = samples.slice().sort((a, b) => a.true_age - b.true_age);
  const kinds = [...new Set((key === "age_group" ? youngest : samples).map(of))];
  if (key !== "age_group") kinds.sort();
  plots.forEach((plot) => plot.mark(samples.map((one) => kinds.indexOf(of(one)))));
  $("legend").replaceChildren(...(key === "none" ? [] : kinds.map((kind, k) =>
    legendEntry(k, key === "abs_error" ? both(sizes[kind]) : kind || both("unknown")))));
  filter();
});

// ---- one sample
function bars(one) {
  if (!one.years) return [both("no_years")];
  const [offset, older, younger] = one.years, all = offset + older;
  const parts = [["offset", 0, offset, offset], ["older", offset, all, older],
    ["younger", all, all + younger, younger], ["prediction", 0, one.pred_age, one.pred_age],
    ["true_age", 0, one.true_age, one.true_age]];
  const low = Math.min(0, ...parts.map((part) => Math.min(part[1], part[2])));
  const width = Math.max(...parts.map((part) => Math.max(part[1], part[2]))) - low || 1;
  return parts.map(([key, from, to, value]) => {
    const part = element("span", "part"), text = key === "older" || key === "younger";
    part.style.left = (100 * (Math.min(from, to) - low)) / width + "%";
    part.style.width = (100 * Math.abs(to - from)) / width + "%";
    return element("div", "bar " + key, element("span", "", both(key)),
      element("span", "track", part),
      element("span", "value", both("years", { n: text ? signed(value) : number(value) })));
  });
}
async function paint() {
  const one = samples[opened], canvas = $("canvas");
  if (!one) return;
  const sign = document.querySelector("input[name=sign]:checked").value;
  const image = pictureOf(one);
  if (image) await image.decode();
  if (one !== samples[opened]) return; // another was opened meanwhile
  const width = image ? image.naturalWidth : 224, height = image ? image.naturalHeight : 224;
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = `rgb(${Array(3).fill(data.grey_if_gone)})`;
  context.fillRect(0, 0, width, height);
  if (image) context.drawImage(image, 0, 0);
  const notes = image ? [] : [both("no_picture")];
  if (one.index >= data.n_maps) notes.push(both("no_map"));
  else if (sign !== "off") {
    const size = data.cells[0] * data.cells[1];
    const cells = maps.slice(one.index * size, (one.index + 1) * size);
    const pixels = context.getImageData(0, 0, width, height);
    const seen = colourPixels(pixels.data, height, width, cells, data.cells, sign,
      Number($("opacity").value), tables);
    context.putImageData(pixels, 0, 0);
    notes.push(both(!seen ? "no_side" : sign === "both" ? "scale_both" : "scale_one"));
  }
  const path = $("outline").checked && one.outline ? one.outline : "";
  for (const id of ["mask", "mask-under"]) $(id).setAttribute("d", path);
  canvas.setAttribute("aria-label", say(language(), "picture", { name: label(one), ...ages(one) }));
  $("one-note").replaceChildren(...notes.flatMap((note) => [note, " "]));
  canvas.dataset.drawn = `${one.index} ${sign} ${$("opacity").value}`;
}
function steps() {
  const at = listed.indexOf(samples[opened]);
  $("previous").disabled = at <= 0;
  $("next").disabled = at < 0 ? !listed.length : at === listed.length - 1;
}
function open(one) {
  samples[opened].row.classList.remove("open");
  opened = one.index;
  one.row.classList.add("open");
  $("one-name").textContent = label(one);
  const facts = [both("ages", ages(one)), element("br"),
    both("subject", { id: one.subject_id }), " · ",
    [one.age_group, one.sex, one.cohort, one.split].filter(Boolean).join(" · "),
    element("br")];
  if (one.mask_fraction === null) facts.push(both("no_mask"));
  else if (one.energy_ratio !== null) {
    facts.push(both(one.energy_ratio < 1 ? "beside" : "on", {
      n: number(one.energy_ratio, 2),
      energy: number(100 * one.energy_in_mask, 0),
      mask: number(100 * one.mask_fraction, 0),
    }));
  }
  $("one-facts").replaceChildren(...facts);
  $("bars").replaceChildren(...bars(one));
  const others = samples.filter((other) => other !== one && other.subject_id === one.subject_id
    && other.cohort === one.cohort);
  $("others").replaceChildren(others.length ? element("div", "siblings", ...others.map((other) => {
    const link = element("a", "", pictureOf(other), label(other), element("br"),
      both("error"), " " + signed(other.error));
    link.href = other.link.getAttribute("href");
    return link;
  })) : both("no_others"));
  steps();
  return paint();
}
function step(by) {
  const at = listed.indexOf(samples[opened]);
  const one = listed[at < 0 ? 0 : at + by];
  if (one) go(one);
}
function back() {
  const at = listed.indexOf(samples[opened]);
  location.hash = "#samples";
  while (at >= shown) more();
  (at < 0 ? $("rows") : samples[opened].link).focus();
}
$("previous").addEventListener("click", () => step(-1));
$("next").addEventListener("click", () => step(1));
$("back").addEventListener("click", back);
for (const control of document.querySelectorAll(".look input")) control.addEventListener("input", paint);
addEventListener("keydown", (event) => {
  if (!location.hash.startsWith("#sample=") || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Escape") back();
  else if (event.target.closest("input, select, .rows")) return;
  else if (event.key === "ArrowLeft") step(-1);
  else if (event.key === "ArrowRight") step(1);
});

// ---- the address: #sample=NAME opens an image, #samples&group=50-60 filters
function named(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a "%" that someone typed
  }
}
function followAddress() {
  const hash = location.hash;
  $("tip").hidden = true;
  if (hash.startsWith("#sample=")) {
    const one = samples.find((each) => each.filename === named(hash.slice("#sample=".length)));
    if (!one) return;
    if (one !== samples[opened]) open(one);
    const box = $("sample").getBoundingClientRect();
    if (box.top < 0 || box.top > innerHeight / 3) $("sample").scrollIntoView();
    if (!$("sample").contains(document.activeElement)) $("one-name").focus({ preventScroll: true });
  } else if (hash.startsWith("#samples&")) {
    clear(Object.fromEntries(new URLSearchParams(hash.slice("#samples&".length))));
    $("samples").scrollIntoView();
  }
}
addEventListener("hashchange", followAddress);

// ---- the language, copying, the start
function speak() {
  const lang = language();
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  for (const option of document.querySelectorAll("option[data-en]")) {
    option.textContent = option.dataset[lang];
  }
  paint();
}
for (const radio of document.querySelectorAll("input[name=lang]")) radio.addEventListener("change", speak);
document.addEventListener("click", async (event) => {
  const button = event.target.closest(".copy");
  if (!button) return;
  const text = button.parentNode.cloneNode(true);
  text.querySelector(".copy").remove();
  const other = language() === "en" ? "zh" : "en";
  text.querySelectorAll(`[lang=${other}]`).forEach((each) => each.remove());
  await navigator.clipboard.writeText(text.textContent.trim().replace(/[ \t]*\n\s*/g, "\n"));
  const was = [...button.childNodes];
  button.replaceChildren(both("copied"));
  setTimeout(() => button.replaceChildren(...was), 1500);
});
$("table").classList.remove("waiting");
$("none").replaceChildren(both("none"));
filter();
if (samples.length) open(samples[0]);
else $("one").hidden = true;
followAddress();
