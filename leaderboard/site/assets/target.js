// The page of a target: choose L and methods, draw, list, download.
"use strict";
(async function () {
  const { make } = xbenchSite;
  const { percent, bases } = xbenchGenome;
  const element = document.getElementById("target");
  let data;
  try {
    data = await xbenchSite.load(element.dataset.name);
  } catch (error) {
    element.replaceChildren(make("p", { class: "warning" }, error.message));
    return;
  }
  const features = xbenchGenome.features(data);
  const gene = xbenchGenome.gene(data.gene);
  const placed = features.some((one) => one.place);
  const truth = new Map((data.truth || []).map(([number, module, effect, weight]) => [number, { module, effect, weight }]));
  const cells = data.cells === null ? "" : `${data.cells.toLocaleString("en-GB")} ${data.cell_type} ${data.image ? "images" : "cells"}`;

  function words(feature, one = null, share = null, rank = null) {
    const known = truth.get(feature.number);
    return [
      feature.name,
      feature.at !== feature.name && feature.at ? feature.at : null,
      gene && feature.place ? xbenchGenome.distanceText(feature.place, gene) : null,
      feature.level === null ? null : placed ? `open in ${percent(feature.level)} of ${cells}` : `mean ${xbenchSite.number(feature.level)}`,
      one && `${one.method}: chosen in ${Math.round(share * one.ok)} of ${one.ok} runs`,
      rank !== null ? `mean rank ${xbenchSite.number(rank)}` : null,
      !data.truth ? null : known
        ? `true: ${known.effect < 0 ? "represses" : "activates"} the gene, module ${known.module}, weight ${xbenchSite.number(known.weight)}`
        : "not true: does not regulate the gene",
    ].filter((text) => text);
  }

  function label(one) {
    return (here) => {
      const view = here.view;
      const outside = one.picks.filter(({ feature }) => !feature.place || feature.place.chrom !== here.chrom
        || feature.place.end <= view.from || feature.place.start >= view.to).length;
      const hits = one.picks.filter(({ feature }) => truth.has(feature.number)).length;
      if (!one.ok) return `${one.method} · no result: ${[...new Set(one.runs.map(([, , status]) => status))].join(", ")}`;
      return `${one.method} · ${[`${one.picks.length} chosen`, data.truth ? `${hits} true` : null,
        outside ? `${outside} outside` : null].filter((text) => text).join(", ")} (${one.ok} ${one.ok === 1 ? "run" : "runs"})`;
    };
  }

  function methodsOf(size) {
    return size.methods.map((one, at) => {
      const made = { method: one.method, ok: one.ok, key: `method-${at}`, runs: one.runs,
        picks: one.chosen.map(([number, count, rank]) => ({ feature: features[number], share: count / one.ok, rank })) };
      return { ...made, label: label(made) };
    });
  }

  const hidden = new Set();
  const sizes = make("select", { id: "size" }, ...data.sizes.map((one, at) => make("option", { value: at }, one.L)));
  const boxes = make("div", { class: "boxes" });
  const download = make("button", { type: "button", id: "download-bed", onclick: saveBed }, "Download BED");
  const drawing = make("div", { id: "drawing" });
  const notes = make("p", { class: "note", id: "legend" });
  const table = make("section");
  const runs = make("section");
  const command = make("code", { id: "export-command" });
  const same = make("p", { class: "note" }, "The same BED in a terminal, from the store of the runs: ", command);
  element.replaceChildren(
    make("div", { class: "track-controls" },
      make("span", {}, make("label", { for: "size" }, "L = "), sizes),
      make("details", { class: "menu" }, make("summary", {}, "Methods"), boxes), placed ? download : null),
    notes, drawing, table, ...(placed ? [same] : []), runs);

  const strand = gene && gene.strand === "-" ? "\u2212" : gene && gene.strand;
  const geneText = gene && (gene.strand ? `${data.target}, strand ${strand}; flag: TSS`
    : `${data.target}; strand not known: starts at one of the flags`);
  const selectedOn = (chrom) => new Set(data.sizes.flatMap((size) => size.methods.flatMap((one) => one.chosen
    .map(([number]) => number).filter((number) => data.chroms[data.features[number][1]] === chrom)))).size;
  const counts = data.chroms.map((chrom) => ({ chrom, count: selectedOn(chrom) }));
  const home = gene ? gene.chrom : counts.sort((a, b) => b.count - a.count).map((one) => one.chrom)[0];
  const model = {
    name: data.target, gene, features, truth, truthKnown: Boolean(data.truth), words, geneText, home,
    near: data.near.map((number) => features[number]), links: data.links, loops: data.loops, others: data.genes,
    openText: `Share of ${cells} in which each peak is open`,
    truthText: "True regulators (up: activates, down: represses)",
    placed, geneWord: gene ? "To the gene" : "",
    levelWord: features.some((one) => one.level !== null) ? (placed ? "Open" : "Mean") : "",
    levelText: placed ? percent : (value) => xbenchSite.number(value),
    chromosomes: [...new Set([home, ...[...data.chroms].sort((a, b) => a.localeCompare(b, "en", { numeric: true }))])]
      .filter((chrom) => chrom)
      .map((chrom) => ({ chrom, text: `${chrom} (${selectedOn(chrom)} selected)` })),
  };
  let tracks = null;
  table.hidden = features.length === 0;
  const list = xbenchChosenTable.draw(table, model, placed ? (place) => tracks.look(place) : null);
  // The table follows when the picture has come to rest.
  let waiting = null;
  function viewed(view) {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(() => list.view(view), 120);
  }
  if (placed) tracks = xbenchTracks.draw(drawing, model, viewed);

  const about = [
    data.genome && `Coordinates: ${data.genome}, 0-based, half-open.`, cells && `Population: ${cells}.`,
    gene && `${data.target} lies at ${gene.chrom}:${gene.start}-${gene.end}${gene.strand ? `, strand ${strand}` : ""}.`,
    gene && !gene.strand && "The strand of the gene is not known, so distances are to its body.",
    data.truth && `Truth: ${data.truth.length} features regulate the gene in the simulation.`,
    gene && data.cells !== null && `Every peak is shown within ${bases(data.window)} of the gene; further away, selected ones.`,
  ];
  document.getElementById("about").textContent = about.filter((text) => text).join(" ");

  function chosenNow() {
    return methodsOf(data.sizes[Number(sizes.value)]).filter((one) => !hidden.has(one.method));
  }

  function draw() {
    const methods = chosenNow();
    notes.textContent = placed
      ? `A bar is a selected peak; its height and strength are the share of the method's runs that chose it.${data.truth ? " A green disc over it: true; an orange cross: not true." : ""}`
      : data.image ? "A blue pixel is a selected one, stronger where more of the method's runs chose it; grey is the mean image."
        : features.length ? "These features have no coordinates." : "No run gave a result.";
    if (tracks) tracks.methods(methods);
    if (data.image) xbenchPixels.draw(drawing, data, methods, words);
    const by = new Map([...truth.keys()].map((number) => [number, []]));
    for (const one of methods) {
      for (const { feature, share } of one.picks) {
        if (!by.has(feature.number)) by.set(feature.number, []);
        by.get(feature.number).push({ method: one.method, share, ok: one.ok });
      }
    }
    list.features([...by].map(([number, chosen]) => ({ feature: features[number], by: chosen }))
      .sort((a, b) => b.by.length - a.by.length || a.feature.number - b.feature.number));
    command.textContent = `${data.command} -L ${data.sizes[Number(sizes.value)].L} --format bed`;
    drawRuns(methods);
  }

  function drawRuns(methods) {
    const rows = methods.map((one) => make("tr", {}, make("th", { scope: "row" }, one.method), make("td", {},
      ...one.runs.flatMap(([id, repetition, status, reason]) => [make("a", {
        href: xbenchSite.runAddress(id), title: reason || null, class: status === "ok" ? null : "failed" },
      status === "ok" ? `run ${repetition}` : `run ${repetition} ${status}`), " "]))));
    runs.replaceChildren(make("h2", {}, "Runs"), make("div", { class: "scroll" },
      make("table", {}, make("caption", {}, "Each run has a page with all that its record holds; failed ones too."),
        make("tbody", {}, ...rows))));
  }

  function drawBoxes() {
    const size = data.sizes[Number(sizes.value)];
    boxes.replaceChildren(...size.methods.map(({ method }) => make("label", {},
      make("input", { type: "checkbox", checked: !hidden.has(method), onchange: (event) => {
        if (event.target.checked) hidden.delete(method); else hidden.add(method);
        draw();
      } }), ` ${method}`)));
  }

  // Methods that are hidden are in the file too: it is what `xbench runs export` writes.
  function saveBed() {
    const size = data.sizes[Number(sizes.value)];
    const address = URL.createObjectURL(new Blob([xbenchGenome.bed(data, size)], { type: "text/plain" }));
    const name = `${data.cell_type}-${data.target}-L${size.L}`.replace(/[^A-Za-z0-9._-]+/g, "-");
    make("a", { href: address, download: `${name}.bed` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }

  sizes.addEventListener("change", () => { drawBoxes(); draw(); });
  drawBoxes();
  draw();
})();
