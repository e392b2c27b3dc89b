// The charts of a study: target by target, quality against cost, Figure 3, redundancy.
"use strict";
(function () {
  const { make, load, number, style, colour, root } = xbenchSite;
  const { draw, plain } = xbenchCharts;
  const byId = (id) => document.getElementById(id);
  const SYMBOLS = ["circle", "square", "diamond", "cross", "x", "triangle-up", "star"];
  const DASHES = ["solid", "dash", "dot", "dashdot"];
  let data = null;

  const metric = () => data.metrics.find(([name]) => name === byId("metric").value);
  const size = () => byId("size").value;
  const better = (direction) => (direction === "higher" ? "higher is better" : "lower is better");

  function map() {
    const [name, label, direction] = metric();
    const rows = data.map[name][size()];
    const targets = data.targets.map(([type, target]) => `${type}:${target}`);
    return {
      traces: [{
        type: "heatmap", z: rows, x: targets.map(plain), y: data.methods.map(plain),
        colorscale: "Cividis", reversescale: direction === "higher", hoverongaps: false, xgap: 1, ygap: 1,
        colorbar: { title: { text: plain(label), side: "right" }, thickness: 12 },
        hovertemplate: "%{y} on %{x}: %{z:.4g}<extra></extra>",
      }],
      look: {
        height: 140 + 26 * data.methods.length, plot_bgcolor: style("--line"),
        xaxis: { tickangle: -60, showgrid: false, type: "category" },
        yaxis: { autorange: "reversed", showgrid: false, type: "category" },
      },
      label: `Heat map of ${label} (${better(direction)}), ${data.methods.length} methods by ${targets.length} targets, L = ${size()}`,
      table: {
        head: ["Target", ...data.methods],
        rows: targets.map((target, place) => [target, ...rows.map((row) => number(row[place]))]),
      },
      onclick: (point) => {
        const found = targets.map(plain).indexOf(point.x);
        if (found >= 0) window.location.href = root() + data.targets[found][2];
      },
    };
  }

  function cost() {
    const [name, label, direction] = metric();
    const kind = byId("cost-kind").value;
    const offers = data.quality[name][size()].filter((one) => one[kind] != null && one[kind] > 0);
    const free = data.quality[name][size()].filter((one) => one[kind] === 0).map((one) => one.method);
    const front = offers.filter((one) => one.front.includes(kind)).sort((a, b) => a[kind] - b[kind]);
    const unit = kind === "seconds" ? "seconds a run" : "evaluations a run (cells)";
    // Names of neighbours stand above and below in turn.
    const order = [...offers].sort((a, b) => a[kind] - b[kind]);
    const dots = offers.map((one) => {
      const place = data.methods.indexOf(one.method);
      return {
        type: "scatter", mode: "markers+text", name: plain(one.method), x: [one[kind]], y: [one.mean],
        text: [plain(one.method)], textposition: order.indexOf(one) % 2 ? "bottom center" : "top center", textfont: { size: 11 }, showlegend: false, cliponaxis: false,
        error_y: one.low == null ? undefined : {
          type: "data", symmetric: false, array: [one.high - one.mean], arrayminus: [one.mean - one.low], color: style("--faint"), thickness: 1,
        },
        marker: { size: 10, color: colour(place), symbol: SYMBOLS[place % SYMBOLS.length] + (one.partial ? "-open" : ""), line: { width: 1, color: style("--ink") } },
        hovertemplate: `${plain(one.method)}: ${plain(one.text)}<br>%{x:.3s} ${unit}<extra></extra>`,
      };
    });
    return {
      traces: [{
        type: "scatter", mode: "lines", x: front.map((one) => one[kind]), y: front.map((one) => one.mean),
        line: { color: style("--good"), width: 2, dash: "dot" }, name: "Pareto front", hoverinfo: "skip",
      }, ...dots],
      look: {
        height: 460, showlegend: true,
        xaxis: { type: "log", title: { text: unit } , dtick: 1, exponentformat: "power" },
        yaxis: { title: { text: plain(`${label}, ${better(direction)}`) }, autorange: direction === "lower" ? "reversed" : true },
        annotations: free.length ? [{ text: plain(`without any: ${free.join(", ")}`), xref: "paper", yref: "paper", x: 0, y: 1.08, showarrow: false, font: { size: 11 } }] : [],
      },
      label: `${label} against ${unit} at L = ${size()}. On the Pareto front: ${front.map((one) => one.method).join(", ")}`,
      table: {
        head: ["Method", label, "Tier", "Seconds", "Evaluations", "On the front"],
        rows: data.quality[name][size()].map((one) => [one.method, one.text, one.tier, number(one.seconds), number(one.evaluations), one.front.includes(kind) ? "yes" : "no"]),
      },
    };
  }

  function figure3() {
    const { cell_types: types, changes, shares } = data.figure3;
    const names = types.map(plain);
    return {
      traces: [{
        type: "heatmap", z: shares, x: names, y: names, zmin: -1, zmax: 1, xgap: 1, ygap: 1, hoverongaps: false,
        // From a rise (orange) over nothing to the largest drop (blue).
        colorscale: [[0, "#E69F00"], [0.5, "#f7f7f7"], [1, "#0072B2"]],
        text: changes.map((row) => row.map((value) => (value == null ? "" : number(value)))), texttemplate: "%{text}",
        colorbar: { title: { text: "share of the row's largest drop", side: "right" }, thickness: 12 },
        hovertemplate: "markers of %{y}, subset of %{x}: %{text}%<extra></extra>",
      }],
      look: {
        height: 160 + 44 * types.length, plot_bgcolor: style("--line"),
        xaxis: { title: { text: "subset found for" }, showgrid: false, type: "category" },
        yaxis: { title: { text: "markers of" }, autorange: "reversed", showgrid: false, type: "category" },
      },
      label: "Change of each cell type's markers by the subsets found for each cell type",
      table: { head: ["Markers of", ...types], rows: types.map((type, place) => [type, ...changes[place].map((value) => number(value))]) },
    };
  }

  function curves(field, from, below, beside) {
    const { curves: found, targets } = data.redundancy;
    const name = (curve) => curve.method + (curve.targets === targets ? "" : ` (${curve.targets} of ${targets} targets)`)
      + (curve.ordered || field !== "drops" ? "" : " (no order)");
    return {
      traces: found.map((curve, place) => ({
        type: "scatter", mode: "lines", name: plain(name(curve)), y: curve[field], x: curve[field].map((_, step) => step + from),
        line: { color: colour(data.methods.indexOf(curve.method)), dash: DASHES[place % DASHES.length], width: 2 },
        hovertemplate: `${plain(name(curve))}, %{x}: %{y:.3g}%<extra></extra>`,
      })),
      look: { height: 460, xaxis: { title: { text: below } }, yaxis: { title: { text: beside }, rangemode: "tozero" } },
      label: `${beside} by ${below}, a line for each of ${found.map((curve) => curve.method).join(", ")}`,
      table: { head: [below, ...found.map(name)], rows: found[0][field].map((_, step) => [step + from, ...found.map((curve) => number(curve[field][step]))]) },
    };
  }

  function drawChosen() {
    draw("map-chart", map);
    draw("cost-chart", cost);
  }

  async function start() {
    data = await load(`study/${byId("study").dataset.study}`);
    if (data.metrics.length) {
      byId("metric").append(...data.metrics.map(([name, label]) => make("option", { value: name }, label)));
      byId("size").append(...data.sizes.map((one) => make("option", { value: one }, String(one))));
      byId("choices").addEventListener("input", drawChosen);
      byId("choices").addEventListener("submit", (event) => event.preventDefault());
      drawChosen();
    }
    if (data.figure3) draw("figure3-chart", figure3);
    if (data.redundancy) {
      draw("drops-chart", () => curves("drops", 0, "first l features masked", "drop (%)"));
      draw("left-out-chart", () => curves("left_out", 1, "rank of the feature left out", "drop lost without it (%)"));
    }
  }

  document.addEventListener("DOMContentLoaded", () => start().catch(xbenchSite.fail));
})();
