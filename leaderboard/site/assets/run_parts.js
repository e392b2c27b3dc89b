// The parts of a run's page: facts, scores, selected features, learning curve, traceback.
"use strict";
const xbenchRunParts = (function () {
  const { make, number } = xbenchSite;

  // The record again, from what many runs of a file share.
  function record(chunk, id) {
    const kept = chunk.runs[id];
    const { pooled, chosen, page, note, ...own } = kept;
    const found = { run_id: id };
    chunk.fields.forEach((name, at) => { found[name] = chunk.pool[pooled[at]]; });
    const features = xbenchGenome.features(chunk);
    const { true: known, unnamed, ...fields } = own;
    return { fields: { ...found, ...fields }, known, unnamed, page: chunk.pool[page], note: chunk.pool[note],
      features: chosen.map((one) => features[one]) };
  }

  function size(bytes) {
    const units = ["bytes", "kB", "MB", "GB", "TB"];
    let unit = 0;
    while (bytes >= 999.5 && unit < units.length - 1) { bytes /= 1000; unit += 1; }
    return `${number(bytes)} ${units[unit]}`;
  }

  function text(name, value) {
    if (value == null || value === "" || (typeof value === "object" && !Object.keys(value).length)) return "";
    if (name === "seconds") return `${number(value)} s`;
    if (name === "peak_memory_bytes") return size(value);
    if (name === "target_place") return `${value[0]}:${value[1]}-${value[2]}`;
    if (typeof value === "boolean") return value ? "yes" : "no";
    if (typeof value === "number") return value.toLocaleString("en-GB");
    if (typeof value !== "object") return String(value);
    return Object.entries(value).map(([key, one]) => `${key} ${part(one)}`).join(", ");
  }

  function part(value) {
    if (value === null) return "not defined";
    return typeof value === "string" ? value : typeof value === "number" ? String(value) : JSON.stringify(value);
  }

  function facts(run, named) {
    const list = make("dl", { class: "facts" });
    for (const [name, label] of named) {
      const said = text(name, run.fields[name]);
      if (said) list.append(make("dt", {}, label), make("dd", {}, said));
    }
    return list.childElementCount ? list : null;
  }

  const BETTER = { lower: "lower is better", higher: "higher is better" };

  function scores(run, metrics) {
    const rows = Object.entries(run.fields.metrics).map(([name, value]) => {
      const [label, unit, direction, description] = metrics[name] || [name, "", "", ""];
      const inLabel = !unit || unit === "1" || label.includes(unit);
      return make("tr", {}, make("th", { scope: "row", title: description }, label),
        make("td", { class: "number" }, value === null ? "not defined" : `${number(value, 6)}${inLabel ? "" : ` ${unit}`}`),
        make("td", {}, BETTER[direction] || ""), make("td", { class: "note" }, description));
    });
    return rows.length ? scroll("Scores", make("table", { class: "scores" }, make("tbody", {}, ...rows))) : null;
  }

  const scroll = (label, ...children) => make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, ...children);

  function selected(run) {
    const { fields, features, known } = run;
    if (!features.length) return null;
    const gene = fields.target_place ? { chrom: fields.target_place[0], start: fields.target_place[1],
      end: fields.target_place[2], strand: fields.target_strand || "" } : null;
    const placed = features.some((one) => one.place);
    // A peak that is called by its place needs no second column for it.
    const apart = features.some((one) => one.place && one.at !== one.name);
    const told = Object.entries(fields.details || {})
      .filter(([, values]) => Array.isArray(values) && values.length === features.length);
    const heads = [fields.ordered ? "Rank" : "No.", "Feature", known && "True", apart && "Place", placed && gene && (gene.strand ? "To the TSS" : "To the gene body"),
      ...told.map(([name]) => name)].filter((one) => one);
    const right = new Set(known || []);
    const rows = features.map((one, at) => make("tr", {},
      make("td", { class: "number" }, at + 1), make("th", { scope: "row" }, one.name),
      known ? make("td", { class: right.has(at) ? "is-true" : "is-untrue" }, right.has(at) ? "\u2713 true" : "\u2717 not true") : null,
      apart ? make("td", {}, one.at || "–") : null,
      placed && gene ? make("td", { class: "number" }, xbenchGenome.distanceText(one.place, gene)) : null,
      ...told.map(([, values]) => make("td", { class: "number" }, typeof values[at] === "number" ? number(values[at], 6) : part(values[at])))));
    const words = [
      fields.ordered ? "Best first." : "The method gives its features in no order.",
      told.length ? null : "The record keeps no score of single features.",
      known ? `${right.size} of ${features.length} regulate the gene in the simulation.` : null,
      run.unnamed ? "The run was made by an older xbench, which kept no names, and its data are not here: features are called by their positions." : null,
    ];
    const caption = make("p", { class: "note", id: "selected-note" }, words.filter((one) => one).join(" "));
    return make("div", {}, caption, scroll("Selected features", make("table", { id: "selected", "aria-describedby": "selected-note" },
      make("thead", {}, make("tr", {}, ...heads.map((one) => make("th", { scope: "col" }, one)))), make("tbody", {}, ...rows))));
  }

  function curves(run) {
    const trace = run.fields.trace || [];
    const names = xbenchCurve.names(trace);
    return names.length ? make("div", { class: "curves" }, ...names.map((name) => xbenchCurve.draw(name, trace))) : null;
  }

  function traceback(run) {
    return run.fields.traceback ? make("pre", { class: "traceback", tabindex: "0", id: "traceback" }, run.fields.traceback) : null;
  }

  function badge(status) {
    return make("span", { class: `badge ${status === "ok" ? "ok" : "bad"}` }, `${status === "ok" ? "\u2713" : "!"} ${status}`);
  }

  return { record, facts, scores, selected, curves, traceback, badge };
})();
