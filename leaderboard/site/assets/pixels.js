// Images whose pixels are the features: the mean image, and what each method chose on it.
"use strict";
const xbenchPixels = (function () {
  const { make } = xbenchSite;
  const { svg } = xbenchRows;

  function pixel(feature, columns) {
    const found = /(\d+),(\d+)$/.exec(feature.name);
    return found ? { row: Number(found[1]), column: Number(found[2]) } : null;
  }

  function picture(data, one, words) {
    const [rows, columns] = data.image;
    const frame = svg("svg", { class: "pixels", viewBox: `0 0 ${columns} ${rows}`, role: "img",
      "aria-label": `${one.method}: ${one.picks.length} pixels chosen; the table under the images names them` });
    data.shades.forEach((shade, at) => {
      if (shade) {
        frame.append(svg("rect", { class: "shade", x: at % columns, y: Math.floor(at / columns),
          width: 1, height: 1, "fill-opacity": 0.75 * shade / 255 }));
      }
    });
    for (const { feature, share, rank } of one.picks) {
      const at = pixel(feature, columns);
      if (!at) continue;
      const cell = svg("rect", { class: "pixel", x: at.column + 0.1, y: at.row + 0.1, width: 0.8, height: 0.8,
        "fill-opacity": 0.35 + 0.65 * share });
      cell.append(svg("title", {}, words(feature, one, share, rank).join("; ")));
      frame.append(cell);
    }
    return frame;
  }

  function draw(element, data, methods, words) {
    element.replaceChildren(...methods.map((one) => make("figure", { class: "pixels" },
      picture(data, one, words), make("figcaption", {}, `${one.method}, ${one.ok} runs`))));
  }

  return { draw };
})();
