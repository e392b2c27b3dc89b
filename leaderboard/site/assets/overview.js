// The overview: rows are pipelines, columns are tasks on datasets at one L. Sort, filter, hide.
"use strict";
(function () {
  const { make, load } = xbenchSite;
  const byId = (id) => document.getElementById(id);
  const CHOICES = ["metric", "size", "dataset", "task", "surrogate", "search"];
  const hiddenRows = new Set();
  const hiddenColumns = new Set();
  const sorted = { column: null, ascending: true };
  let data = null;
  let cells = new Map();

  const key = (row, column) => `${row} ${column}`;
  const unique = (values) => [...new Set(values)];

  function fill(id, values, label = (value) => value) {
    byId(id).append(...values.map((value) => make("option", { value }, String(label(value)))));
  }

  function metricOf(column) {
    return byId("metric").value || data.columns[column].primary;
  }

  // Cells of the metric chosen, or of each column's own one.
  function readCells() {
    cells = new Map();
    for (const [metric, list] of Object.entries(data.cells)) {
      for (const [row, column, mean, low, high, tier, text, words, address] of list) {
        if (metricOf(column) === metric) {
          cells.set(key(row, column), { mean, low, high, tier, text, words, address });
        }
      }
    }
  }

  function columnsShown() {
    return data.columns.map((_, place) => place).filter((place) => {
      const column = data.columns[place];
      return !hiddenColumns.has(place)
        && ["", String(column.L)].includes(byId("size").value)
        && ["", column.dataset].includes(byId("dataset").value)
        && ["", column.task].includes(byId("task").value)
        && (byId("metric").value === "" || data.rows.some((_, row) => cells.has(key(row, place))));
    });
  }

  function rowsShown(columns) {
    const wanted = byId("search").value.trim().toLowerCase();
    return data.rows.map((_, place) => place).filter((place) => {
      const row = data.rows[place];
      return !hiddenRows.has(place)
        && ["", row.surrogate].includes(byId("surrogate").value)
        && (byId("with-controls").checked || !row.control)
        && `${row.method} ${row.surrogate}`.toLowerCase().includes(wanted)
        && columns.some((column) => cells.has(key(place, column)));
    });
  }

  // By tier, in it by mean, best first; means that are not ranked come later, no value last.
  function compare(column) {
    const direction = data.metrics[metricOf(column)].direction;
    const upwards = direction === "higher" ? -1 : 1;
    const place = (row) => {
      const cell = cells.get(key(row, column));
      if (cell == null || cell.mean == null) return [2, 0, 0];
      return cell.tier == null ? [1, 0, upwards * cell.mean] : [0, cell.tier, upwards * cell.mean];
    };
    return (one, other) => {
      const [a, b] = [place(one), place(other)];
      const ahead = a[1] - b[1] || a[2] - b[2];
      return a[0] - b[0] || (sorted.ascending ? ahead : -ahead) || one - other;
    };
  }

  // The scale of each column's bars, over the rows that stand together.
  function scales(rows, columns) {
    const spans = new Map();
    for (const column of columns) {
      const found = [0];
      for (const row of rows) {
        const cell = cells.get(key(row, column));
        if (cell) found.push(cell.mean ?? 0, cell.low ?? 0, cell.high ?? 0);
      }
      spans.set(column, { least: Math.min(...found), most: Math.max(...found) });
    }
    return spans;
  }

  function bar(cell, { least, most }) {
    const width = most - least || 1;
    const place = (value) => `${(100 * (value - least)) / width}%`;
    const size = (from, to) => `${(100 * Math.abs(to - from)) / width}%`;
    const track = make("span", { class: "track", "aria-hidden": "true" });
    track.append(make("span", { class: "zero", style: `left:${place(0)}` }));
    track.append(make("span", {
      class: "bar", style: `left:${place(Math.min(0, cell.mean))};width:${size(0, cell.mean)}`,
    }));
    if (cell.low != null && cell.high != null) {
      track.append(make("span", {
        class: "whisker", style: `left:${place(cell.low)};width:${size(cell.low, cell.high)}`,
      }));
    }
    return track;
  }

  function cellElement(row, column, spans, frame) {
    const cell = cells.get(key(row, column));
    const element = make("td", { class: "cell" });
    if (!cell) {
      element.append(make("span", { class: "words" }, "not run"));
      return element;
    }
    const link = make("a", { href: `${cell.address}#L-${data.columns[column].L}` });
    if (cell.mean == null) {
      link.append(make("span", { class: "words" }, cell.words || "no value"));
    } else {
      link.append(bar(cell, spans.get(column)), make("span", { class: "value" }, cell.text.replaceAll("-", "\u2212")));
    }
    element.append(link);
    const below = make("span", { class: "below" });
    if (cell.tier != null) {
      below.append(make("span", { class: "tier", title: "Methods of one tier differ by noise only" }, `tier ${cell.tier}`));
    }
    if (cell.mean != null && cell.words) below.append(make("span", { class: "words" }, cell.words));
    element.append(below);
    if (sorted.column === column && cell.tier != null) {
      element.classList.add("in-tier");
      if (frame.first.has(row)) element.classList.add("tier-start");
      if (frame.last.has(row)) element.classList.add("tier-end");
    }
    return element;
  }

  // Rows at which a tier begins, and at which it ends, of the column sorted by.
  function frameOf(rows) {
    const tier = (row) => {
      const cell = row == null ? null : cells.get(key(row, sorted.column));
      return cell?.tier == null ? "" : `${data.rows[row].surrogate} ${cell.tier}`;
    };
    const differs = (step) => (row, place) => tier(row) !== tier(rows[place + step]);
    return { first: new Set(rows.filter(differs(-1))), last: new Set(rows.filter(differs(1))) };
  }

  function hideButton(what, set, place) {
    return make("button", {
      type: "button", class: "hide", "aria-label": `Hide ${what}`, title: `Hide ${what}`,
      onclick: () => { set.add(place); draw(); byId("show-hidden").focus(); },
    }, "\u00d7");
  }

  function sortBy(column) {
    sorted.ascending = sorted.column === column ? !sorted.ascending : true;
    sorted.column = column;
    draw();
    byId("overview").querySelector(`[data-column="${column}"]`)?.focus();
  }

  function head(columns) {
    const line = make("tr", {}, make("th", { scope: "col", class: "sticky" }, "Explainer"));
    for (const place of columns) {
      const column = data.columns[place];
      const { label, direction } = data.metrics[metricOf(place)];
      const arrow = { lower: " ↓", higher: " ↑" }[direction] || "";
      const name = `${column.task} on ${column.dataset}, L = ${column.L}`;
      const isSorted = sorted.column === place;
      line.append(make("th", {
        scope: "col", "aria-sort": isSorted ? (sorted.ascending ? "ascending" : "descending") : "none",
      },
      make("button", { type: "button", class: "sort", "data-column": place, title: `Sort by ${name}`, onclick: () => sortBy(place) },
        make("span", { class: "task" }, column.task), make("span", {}, column.dataset),
        make("strong", {}, `L = ${column.L}`),
        make("span", { class: "metric" }, label + arrow),
        make("span", { "aria-hidden": "true" }, isSorted ? (sorted.ascending ? "▲ best first" : "▼ worst first") : "sort")),
      hideButton(name, hiddenColumns, place)));
    }
    return make("thead", {}, line);
  }

  function body(rows, columns, title) {
    const spans = scales(rows, columns);
    const lines = make("tbody", {});
    if (title) {
      lines.append(make("tr", { class: "group" }, make("th", { scope: "rowgroup", colspan: columns.length + 1 },
        make("span", { class: "stuck" }, `asked of ${title}`))));
    }
    const frame = frameOf(rows);
    for (const row of rows) {
      const { method, surrogate, control } = data.rows[row];
      const line = make("tr", { class: control ? "control" : null });
      line.append(make("th", { scope: "row", class: "sticky" }, make("span", { class: "name" }, method),
        hideButton(`${method} on ${surrogate}`, hiddenRows, row),
        title ? null : make("span", { class: "words" }, surrogate),
        control ? make("span", { class: "words" }, "control") : null));
      for (const column of columns) line.append(cellElement(row, column, spans, frame));
      lines.append(line);
    }
    return lines;
  }

  function draw() {
    readCells();
    const columns = columnsShown();
    if (!columns.includes(sorted.column)) sorted.column = null;
    const rows = rowsShown(columns);
    if (sorted.column != null) rows.sort(compare(sorted.column));
    const table = make("table", { class: "overview" },
      make("caption", { class: "hidden-text" }, "Pipelines down, tasks on datasets across"), head(columns));
    if (byId("grouped").checked) {
      for (const surrogate of unique(data.rows.map((row) => row.surrogate))) {
        const own = rows.filter((row) => data.rows[row].surrogate === surrogate);
        if (own.length) table.append(body(own, columns, surrogate));
      }
    } else {
      table.append(body(rows, columns, ""));
    }
    byId("overview").replaceChildren(table);
    const hidden = hiddenRows.size + hiddenColumns.size;
    byId("show-hidden").hidden = hidden === 0;
    byId("show-hidden").textContent = `Show all hidden (${hidden})`;
    const by = sorted.column == null ? "" : `, sorted by ${data.columns[sorted.column].task} on ${data.columns[sorted.column].dataset}, L = ${data.columns[sorted.column].L}, ${sorted.ascending ? "best" : "worst"} first`;
    byId("said").textContent = `${rows.length} of ${data.rows.length} pipelines, ${columns.length} of ${data.columns.length} columns${by}.`;
    keepInAddress();
  }

  // What is shown can be shared as a link.
  function keepInAddress() {
    const said = new URLSearchParams();
    for (const id of CHOICES) if (byId(id).value) said.set(id, byId(id).value);
    if (sorted.column != null) said.set("sort", `${sorted.column}${sorted.ascending ? "" : "-"}`);
    window.history.replaceState(null, "", said.size ? `#${said}` : window.location.pathname);
  }

  function readAddress() {
    const said = new URLSearchParams(window.location.hash.slice(1));
    for (const id of CHOICES) if (said.has(id)) byId(id).value = said.get(id);
    const sort = said.get("sort");
    if (sort) {
      sorted.column = Number.parseInt(sort, 10);
      sorted.ascending = !sort.endsWith("-");
    } else {
      // The column that most pipelines have a value in.
      const counts = data.columns.map((_, column) => data.rows.filter((__, row) => cells.has(key(row, column))).length);
      sorted.column = counts.length ? counts.indexOf(Math.max(...counts)) : null;
    }
  }

  async function start() {
    data = await load("overview");
    fill("metric", Object.keys(data.metrics), (name) => data.metrics[name].label);
    fill("size", unique(data.columns.map((column) => column.L)).sort((a, b) => a - b));
    fill("dataset", unique(data.columns.map((column) => column.dataset)));
    fill("task", unique(data.columns.map((column) => column.task)));
    fill("surrogate", unique(data.rows.map((row) => row.surrogate)));
    readCells();
    readAddress();
    byId("controls").addEventListener("input", draw);
    byId("controls").addEventListener("submit", (event) => event.preventDefault());
    byId("show-hidden").addEventListener("click", () => {
      hiddenRows.clear();
      hiddenColumns.clear();
      draw();
    });
    draw();
  }

  document.addEventListener("DOMContentLoaded", () => start().catch(xbenchSite.fail));
})();
