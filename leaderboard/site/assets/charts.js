// Charts by Plotly: one look, drawn again when the theme changes, with a table of their numbers.
"use strict";
const xbenchCharts = (function () {
  const { make, plotly, style } = xbenchSite;
  const drawn = new Map();

  function layout(extra) {
    const axis = {
      gridcolor: style("--line"), zerolinecolor: style("--faint"), linecolor: style("--line"),
      automargin: true, fixedrange: false,
    };
    const { xaxis = {}, yaxis = {}, ...others } = extra;
    return {
      font: { family: "system-ui, sans-serif", size: 13, color: style("--ink") },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      margin: { l: 60, r: 20, t: 30, b: 50 }, autosize: true,
      hoverlabel: { bgcolor: style("--paper"), bordercolor: style("--line"), font: { color: style("--ink") } },
      legend: { orientation: "h", y: -0.2 },
      ...others, xaxis: { ...axis, ...xaxis }, yaxis: { ...axis, ...yaxis },
    };
  }

  // Texts that Plotly shows may hold a stranger's name: its few HTML tags are taken as letters.
  const plain = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

  function numbers({ head, rows }) {
    return make("details", { class: "numbers" }, make("summary", {}, "The numbers as a table"),
      make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "The numbers of the chart" },
        make("table", {}, make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, String(text))))),
          make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((text, place) => make(place ? "td" : "th", { scope: place ? null : "row" }, text == null ? "–" : String(text)))))))));
  }

  // A page is there, tables and words, before its first chart: charts are drawn one after the other
  // once it has loaded, and what a reader does comes in between.
  let last = new Promise((resolve) => {
    if (document.readyState === "complete") resolve();
    else window.addEventListener("load", resolve);
  });

  function draw(id, make_) {
    drawn.set(id, make_);
    last = last
      .then(() => new Promise((resolve) => setTimeout(resolve)))
      .then(() => paint(id, make_))
      .catch(xbenchSite.fail);
    return last;
  }

  async function paint(id, make_) {
    const element = document.getElementById(id);
    const Plotly = await plotly();
    const { traces, look, label, table, onclick } = make_();
    let canvas = element.querySelector(".canvas");
    if (!canvas) {
      canvas = make("div", { class: "canvas", role: "img" });
      element.append(canvas);
    }
    canvas.setAttribute("aria-label", label);
    await Plotly.react(canvas, traces, layout(look), {
      responsive: true, displaylogo: false, displayModeBar: false, topojsonURL: "", plotlyServerURL: "",
    });
    canvas.removeAllListeners?.("plotly_click");
    if (onclick) canvas.on("plotly_click", (event) => onclick(event.points[0]));
    element.querySelector("details.numbers")?.remove();
    if (table) element.append(numbers(table));
  }

  window.addEventListener("xbench-theme", () => {
    for (const [id, make_] of drawn) draw(id, make_);
  });

  return { draw, plain };
})();
