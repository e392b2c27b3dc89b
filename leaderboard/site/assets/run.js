// The page of runs: the run that the address names, or how runs ended where it names none.
"use strict";
(function () {
  const { make } = xbenchSite;
  const parts = xbenchRunParts;
  const element = document.getElementById("run");
  const chunkOf = (id) => (/^[0-9a-f]{16}$/.test(id) ? id.slice(0, 2) : "odd");

  async function show() {
    let id = window.location.hash.slice(1);
    try { id = decodeURIComponent(id); } catch (error) { /* As it stands. */ }
    try {
      const words = await xbenchSite.load("runs/list");
      if (!id) return list(words);
      const file = chunkOf(id);
      const chunk = words.files.includes(file) ? await xbenchSite.load(`runs/${file}`) : null;
      if (!chunk || !Object.hasOwn(chunk.runs, id)) return list(words, `There is no run ${id} here.`);
      return one(parts.record(chunk, id), words);
    } catch (error) {
      return element.replaceChildren(make("p", { class: "warning" }, error.message));
    }
  }

  function heading(run) {
    const { fields } = run;
    const target = `${fields.cell_type}:${fields.target}`;
    return [
      make("h1", {}, `${fields.method} on ${target}, L = ${fields.L} `, parts.badge(fields.status)),
      make("p", {}, `${fields.task} · ${fields.dataset} · ${fields.surrogate} · repetition ${fields.repetition}. `,
        run.page ? make("a", { href: xbenchSite.root() + run.page }, `All methods on ${target}`) : null, " ",
        make("button", { type: "button", id: "copy-link", onclick: copy }, "Copy link")),
    ];
  }

  async function copy(event) {
    const button = event.target;
    try {
      await navigator.clipboard.writeText(window.location.href);
      button.textContent = "Copied";
    } catch (error) {
      button.textContent = "Copy the address of this page";
    }
  }

  function section(title, ...children) {
    const found = children.filter((child) => child);
    return found.length ? make("section", {}, make("h2", {}, title), ...found) : null;
  }

  function one(run, words) {
    const { fields } = run;
    const laidOut = { Scores: () => parts.scores(run, words.metrics) };
    const sections = words.sections.map(([title, named]) =>
      section(title, title in laidOut ? laidOut[title]() : parts.facts(run, named)));
    const [asked, ended, ...others] = sections;
    const raw = make("details", {}, make("summary", {}, "The whole record as JSON"),
      make("pre", { class: "traceback", tabindex: "0" }, JSON.stringify(fields, null, 1)));
    const why = fields.reason ? make("p", { class: "warning", id: "reason" }, `${fields.status}: ${fields.reason}`) : null;
    const note = run.note && fields.status === "ok" ? make("p", { class: "note" }, `Not all is shown: ${run.note}.`) : null;
    element.replaceChildren(...[
      ...heading(run), why, section("Traceback", parts.traceback(run)
        || (fields.status === "failed" ? make("p", { class: "note" }, "The record keeps none.") : null)), note,
      section("Selected features", parts.selected(run)), others[0],
      section("Learning curve", parts.curves(run)
        || (fields.status === "ok" ? make("p", { class: "note" }, "The record keeps none.") : null)),
      asked, ended, ...others.slice(1),
      section("Record", make("p", { class: "note" }, "The same in a terminal: ", make("code", {}, `xbench runs show ${fields.run_id.slice(0, 16)}`)), raw),
    ].filter((child) => child));
    document.title = `${fields.method} on ${fields.cell_type}:${fields.target} · xbench`;
  }

  function list(words, problem = null) {
    const order = ["ok", "failed", "timeout", "oom", "skipped"].filter((status) => words.counts[status]);
    const input = make("input", { id: "run-id", name: "run-id", autocomplete: "off", spellcheck: "false", size: 20 });
    const form = make("form", { onsubmit: (event) => { event.preventDefault(); window.location.hash = input.value.trim(); } },
      make("label", { for: "run-id" }, "Id of a run "), input, " ", make("button", { type: "submit" }, "Show"));
    const groups = new Map();
    for (const row of words.without) {
      const key = JSON.stringify(row.slice(1, 3));
      groups.set(key, [...(groups.get(key) || []), row]);
    }
    element.replaceChildren(...[
      make("h1", {}, "Runs"),
      problem && make("p", { class: "warning" }, problem),
      make("p", {}, `${order.map((status) => `${words.counts[status].toLocaleString("en-GB")} ${status}`).join(", ")}. `
        + "Pages of targets link to each of their runs."),
      form,
      make("h2", {}, "Runs without a result"),
      groups.size ? null : make("p", {}, "Every run gave a result."),
      ...[...groups.values()].map(group),
      words.more ? make("p", { class: "note" }, `And ${words.more} more; their targets' pages name them.`) : null,
    ].filter((child) => child));
    document.title = "Runs · xbench";
  }

  // Runs that ended alike, for the same reason; failures lie open.
  function group(rows) {
    const [, status, reason] = rows[0];
    const heads = ["Run", "Study", "L", "Repetition"];
    const lines = rows.map(([id, , , task, dataset, surrogate, method, target, L, repetition]) =>
      make("tr", {}, make("td", {}, make("a", { href: xbenchSite.runAddress(id), class: "run" }, `${method} on ${target}`)),
        make("td", {}, `${task} · ${dataset} · ${surrogate}`),
        make("td", { class: "number" }, L), make("td", { class: "number" }, repetition)));
    return make("details", { open: status !== "skipped", class: "without-result" },
      make("summary", {}, parts.badge(status), ` ${rows.length} ${rows.length === 1 ? "run" : "runs"}: ${reason}`),
      make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Runs that ended as ${status}` },
        make("table", {}, make("thead", {}, make("tr", {}, ...heads.map((one) => make("th", { scope: "col" }, one)))),
          make("tbody", {}, ...lines))));
  }

  window.addEventListener("hashchange", () => { show(); window.scrollTo(0, 0); });
  show();
})();
