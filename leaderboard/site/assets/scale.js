// A stretch of a chromosome on a width in pixels: zoom, pan, ticks. Knows nothing of drawing.
"use strict";
const xbenchScale = (function () {
  const LEAST = 200;

  function clamped(from, to, end) {
    const size = Math.min(Math.max(to - from, LEAST), end);
    const first = Math.min(Math.max(from, 0), end - size);
    return { from: first, to: first + size };
  }

  function zoomed(view, factor, at, end) {
    const size = (view.to - view.from) * factor;
    const share = (at - view.from) / (view.to - view.from);
    return clamped(at - share * size, at + (1 - share) * size, end);
  }

  const panned = (view, by, end) => clamped(view.from + by, view.to + by, end);

  // Round numbers of base pairs, about one for every 120 pixels.
  function ticks(view, width) {
    const wanted = (view.to - view.from) / Math.max(2, width / 120);
    const power = 10 ** Math.floor(Math.log10(wanted));
    const step = power * [1, 2, 5, 10].find((one) => one * power >= wanted);
    const found = [];
    for (let at = Math.ceil(view.from / step) * step; at <= view.to; at += step) found.push(at);
    return { step, found };
  }

  function tickText(at, step) {
    if (step >= 1e5) return `${(at / 1e6).toFixed(step >= 1e6 ? 0 : 1)} Mb`;
    if (step >= 1e3) return `${(at / 1e6).toFixed(3)} Mb`;
    return at.toLocaleString("en-GB");
  }

  return { clamped, zoomed, panned, ticks, tickText };
})();
