// ---- the heatmap, as plots/overlays.py and plots/samples.py draw it
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const round = Math.fround; // of float32, as in stats/mask_overlap.upsample

// Weights of bilinear interpolation along one axis: [low, high, of low, of high] by pixel.
function weights(nIn, nOut) {
  return Array.from({ length: nOut }, (_, i) => {
    const centre = Math.min(Math.max(((i + 0.5) * nIn) / nOut - 0.5, 0), nIn - 1);
    const low = Math.floor(centre), part = centre - low;
    return [low, Math.min(low + 1, nIn - 1), round(1 - part), round(part)];
  });
}

// A map of h x w cells brought to height x width.
function upsample(cells, [h, w], height, width) {
  if (h === height && w === width) return cells;
  const tall = new Float32Array(height * w), out = new Float32Array(height * width);
  weights(h, height).forEach(([low, high, a, b], y) => {
    for (let x = 0; x < w; x++) tall[y * w + x] = a * cells[low * w + x] + b * cells[high * w + x];
  });
  const across = weights(w, width);
  for (let y = 0; y < height; y++) {
    across.forEach(([low, high, a, b], x) => {
      out[y * width + x] = a * tall[y * w + low] + b * tall[y * w + high];
    });
  }
  return out;
}

// Colour the pixels (RGBA) under one side of a map, or both; false where there is no evidence.
function colourPixels(pixels, height, width, cells, shape, sign, alpha, tables) {
  const side = { older: (v) => Math.max(v, 0), younger: (v) => Math.max(-v, 0), both: (v) => v }[sign];
  const years = upsample(cells.map(side), shape, height, width);
  const peak = years.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  if (peak === 0) return false;
  const table = sign === "both" ? tables.diverging : tables.jet;
  for (let i = 0; i < years.length; i++) {
    const share = round(years[i] / peak);
    const at = Math.round(sign === "both" ? (share + 1) * 127.5 : round(share * 255));
    const opacity = sign === "both" ? alpha * Math.min(3 * Math.abs(share), 1) : alpha;
    for (let k = 0; k < 3; k++) {
      const below = pixels[4 * i + k];
      pixels[4 * i + k] = Math.round((1 - opacity) * below + opacity * table[3 * at + k]);
    }
  }
  return true;
}
