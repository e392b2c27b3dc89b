// A learning curve: one number by step, drawn small. Plotly would be 4.5 MB for one line.
"use strict";
const xbenchCurve = (function () {
  const { make } = xbenchSite;
  const [WIDTH, HEIGHT, LEFT, BOTTOM] = [400, 170, 58, 26];

  function svg(tag, attributes, text = null) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text !== null) element.textContent = text;
    return element;
  }

  // Steps are entries of the trace; those without the number leave a gap.
  function draw(name, trace) {
    const points = trace.map((one, at) => [typeof one.step === "number" ? one.step : at + 1, one[name]])
      .filter(([, value]) => typeof value === "number");
    const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
    const [left, right] = [Math.min(...xs), Math.max(...xs)];
    const [low, high] = [Math.min(...ys), Math.max(...ys)];
    const x = (value) => LEFT + (value - left) / (right - left || 1) * (WIDTH - LEFT - 8);
    const y = (value) => HEIGHT - BOTTOM - (high === low ? 0.5 : (value - low) / (high - low)) * (HEIGHT - BOTTOM - 12);
    const number = (value) => xbenchSite.number(value);
    const path = points.map(([at, value], place) => `${place ? "L" : "M"}${x(at).toFixed(1)},${y(value).toFixed(1)}`).join("");
    const words = `${name} by step: from ${number(ys[0])} at step ${left} to ${number(ys.at(-1))} at step ${right}`;
    const frame = svg("svg", { class: "curve", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words });
    for (const value of high === low ? [low] : [low, high]) {
      frame.append(svg("line", { x1: LEFT, x2: WIDTH - 8, y1: y(value), y2: y(value) }));
      frame.append(svg("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, number(value)));
    }
    frame.append(svg("path", { d: points.length === 1 ? `${path}h2` : path }));
    frame.append(svg("text", { x: LEFT, y: HEIGHT - 6 }, `step ${left}`));
    frame.append(svg("text", { x: WIDTH - 8, y: HEIGHT - 6, "text-anchor": "end" }, `step ${right}`));
    return make("figure", {}, make("figcaption", {}, words), frame);
  }

  // Every number that entries of the trace have, but their own count.
  function names(trace) {
    const found = new Set();
    for (const one of trace) {
      for (const [name, value] of Object.entries(one)) if (typeof value === "number" && name !== "step") found.add(name);
    }
    return [...found];
  }

  return { draw, names };
})();
