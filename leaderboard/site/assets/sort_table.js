// Tables that Python wrote: a button in each heading sorts by that column.
"use strict";
(function () {
  const { make } = xbenchSite;

  // The number that a cell begins with: "−14.4 (−16.2 to −12.9)", "1,024,000". Words have none.
  function valueOf(text) {
    const found = /^[+\-\u2212]?[\d,]*\.?\d+(e[+-]?\d+)?/i.exec(text.trim());
    return found ? Number(found[0].replace("\u2212", "-").replaceAll(",", "")) : null;
  }

  function compare(place, sign) {
    return (one, other) => {
      const texts = [one, other].map((row) => row.cells[place].textContent.trim());
      const [a, b] = texts.map(valueOf);
      if (a != null && b != null) return sign * (a - b);
      // Words come after numbers, whichever way numbers are sorted.
      if (a != null || b != null) return a != null ? -1 : 1;
      return sign * texts[0].localeCompare(texts[1]);
    };
  }

  function sort(table, heading, place) {
    const sign = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of table.tHead.querySelectorAll("th")) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
    const body = table.tBodies[0];
    body.append(...[...body.rows].sort(compare(place, sign)));
  }

  function enhance(table) {
    const headings = table.tHead.rows[table.tHead.rows.length - 1].cells;
    const isPlain = [...headings].every((cell) => cell.colSpan === 1)
      && [...table.tBodies[0].rows].every((row) => row.cells.length === headings.length);
    if (!isPlain || table.tBodies[0].rows.length < 2) return;
    [...headings].forEach((heading, place) => {
      const text = heading.textContent.trim() || "this column";
      const button = make("button", { type: "button", class: "sort", title: `Sort by ${text}` }, ...heading.childNodes);
      if (!heading.textContent.trim()) button.setAttribute("aria-label", `Sort by column ${place + 1}`);
      button.addEventListener("click", () => sort(table, heading, place));
      heading.replaceChildren(button);
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("table.sortable").forEach(enhance);
  });
})();
