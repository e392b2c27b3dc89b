// Every selected feature in a table: also those that the picture does not show.
"use strict";
const xbenchChosenTable = (function () {
  const { make } = xbenchSite;
  const STEP = 200;
  const WHERE = { all: "all", out: "not in the picture", in: "in the picture" };

  function draw(element, model, look) {
    let picks = [];
    let view = null;
    let most = STEP;
    const which = make("select", { id: "which-features", onchange: () => { most = STEP; fill(); } },
      ...Object.entries(WHERE).map(([value, text]) => make("option", { value }, text)));
    const count = make("span", { class: "note", role: "status", id: "features-count" });
    const body = make("tbody");
    const more = make("button", { type: "button", onclick: () => { most += STEP; fill(); } }, "Show more");
    const named = model.placed && model.features.some((one) => one.place && one.name !== one.at);
    const heads = ["Feature", model.truthKnown ? "True" : null, named ? "Place" : null,
      model.geneWord, model.levelWord, "Chosen by", model.placed ? "Where" : null].filter((text) => text);
    const filter = [make("label", { for: "which-features" }, "Show "), which, " "];
    element.append(
      make("h2", {}, "Selected features"),
      make("p", {}, ...(model.placed ? filter : []), count),
      make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Selected features" },
        make("table", { id: "chosen-features" },
          make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)))), body)),
      more);

    function where(feature) {
      if (!feature.place) return "place not known";
      if (!view || feature.place.chrom !== view.chrom) return feature.place.chrom;
      return feature.place.end > view.from && feature.place.start < view.to ? "in the picture" : "outside of it";
    }

    function row({ feature, by }) {
      const truth = model.truth.get(feature.number);
      const name = feature.place && look
        ? make("button", { type: "button", class: "link", title: "Show it in the picture", onclick: () => look(feature.place) }, feature.name)
        : feature.name;
      const chosen = by.map(({ method, share, ok }) => (share === 1 ? method : `${method} (${Math.round(share * ok)} of ${ok} runs)`));
      return make("tr", {},
        make("th", { scope: "row" }, name),
        model.truthKnown ? make("td", {}, truth ? `✓ ${truth.effect < 0 ? "represses" : "activates"}` : "✗ no") : null,
        named ? make("td", {}, feature.at || "–") : null,
        model.geneWord ? make("td", { class: "number" }, xbenchGenome.distanceText(feature.place, model.gene)) : null,
        model.levelWord ? make("td", { class: "number" }, feature.level === null ? "–" : model.levelText(feature.level)) : null,
        make("td", { class: "methods" }, chosen.join(", ") || "no method"),
        model.placed ? make("td", {}, where(feature)) : null);
    }

    function fill() {
      const shown = picks.filter(({ feature }) => {
        const inside = where(feature) === "in the picture";
        return which.value === "all" || (which.value === "in") === inside;
      });
      body.replaceChildren(...shown.slice(0, most).map(row));
      more.hidden = shown.length <= most;
      const out = picks.filter(({ feature, by }) => by.length && where(feature) !== "in the picture").length;
      const chosen = picks.filter(({ by }) => by.length).length;
      count.textContent = model.placed
        ? `${shown.length} shown; ${out} of ${chosen} selected features are not in the picture`
        : `${chosen} selected features`;
    }

    return {
      features(found) { picks = found; most = STEP; fill(); },
      view(now) { view = now; fill(); },
    };
  }

  return { draw };
})();
