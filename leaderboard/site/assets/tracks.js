// The genome picture of a target: layout, zoom, pan, what mouse and keyboard point at.
"use strict";
const xbenchTracks = (function () {
  const { make } = xbenchSite;
  const LABEL = 18;

  // Draw into an element; `told` is called with the view after each change.
  function draw(element, model, told) {
    const state = { ...model, width: 0, view: null, chrom: null, end: 0, methods: [] };
    const picture = xbenchRows.svg("svg", { class: "tracks", role: "group", "aria-label": "Tracks" });
    const tip = make("div", { class: "track-tip", hidden: true });
    const frame = make("div", {
      class: "track-frame", tabindex: "0", role: "application",
      "aria-label": `Genome round ${model.name}`, "aria-describedby": "track-help",
    }, picture, tip);
    element.append(buttons(), frame, make("p", { class: "note", id: "track-help" },
      "Drag to move; click the picture, then the wheel zooms (or Ctrl and the wheel). Keys: + and − zoom, "
      + "arrows move, 0 goes back, Enter goes to the first mark; from a mark, arrows go to the next "
      + "one or the next line, Escape leaves it."));

    function button(text, label, action) {
      return make("button", { type: "button", "aria-label": label, title: label, onclick: action }, text);
    }

    function buttons() {
      const chroms = make("select", { "aria-label": "Chromosome", id: "track-chromosome" });
      for (const { chrom, text } of model.chromosomes) chroms.append(make("option", { value: chrom }, text));
      chroms.addEventListener("change", () => chromosome(chroms.value));
      state.select = chroms;
      return make("div", { class: "track-buttons", role: "toolbar", "aria-label": "Move and zoom" },
        button("+", "Zoom in", () => zoom(0.5)), button("\u2212", "Zoom out", () => zoom(2)),
        button("\u25c0", "Move to smaller coordinates", () => pan(-0.4)),
        button("\u25b6", "Move to larger coordinates", () => pan(0.4)),
        model.gene ? button("gene \u00b1 100 kb", "Gene and 100 kb on either side", () => around(1e5)) : null,
        model.gene ? button("\u00b1 1 Mb", "Gene and 1 Mb on either side", () => around(1e6)) : null,
        button("all selected", "All selected features of this chromosome", fit), chroms,
        make("output", { id: "track-view", class: "note", "aria-live": "polite" }));
    }

    function placed() {
      const all = state.methods.flatMap((one) => one.picks.map((pick) => pick.feature));
      return [...all, ...state.near].filter((one) => one.place && one.place.chrom === state.chrom);
    }

    function chromosome(chrom, keep = false) {
      state.chrom = chrom;
      state.select.value = chrom;
      const own = model.gene && model.gene.chrom === chrom ? [model.gene.end] : [];
      const ends = [...own, ...placed().map((one) => one.place.end)];
      state.end = Math.max(...ends, 1000) + 1e6;
      if (keep && state.view) return show(xbenchScale.clamped(state.view.from, state.view.to, state.end));
      return own.length ? around(1e6) : fit();
    }

    function around(reach) {
      if (state.chrom !== model.gene.chrom) chromosome(model.gene.chrom);
      show(xbenchScale.clamped(model.gene.start - reach, model.gene.end + reach, state.end));
    }

    function fit() {
      const picked = state.methods.flatMap((one) => one.picks.map((pick) => pick.feature.place))
        .filter((place) => place && place.chrom === state.chrom);
      if (!picked.length) return show({ from: 0, to: state.end });
      const own = model.gene && model.gene.chrom === state.chrom ? [model.gene] : [];
      const from = Math.min(...[...picked, ...own].map((one) => one.start));
      const to = Math.max(...[...picked, ...own].map((one) => one.end));
      const edge = 0.05 * (to - from) + 500;
      return show(xbenchScale.clamped(from - edge, to + edge, state.end));
    }

    const middle = () => (state.view.from + state.view.to) / 2;
    const zoom = (factor, at = middle()) => show(xbenchScale.zoomed(state.view, factor, at, state.end));
    const pan = (share) => show(xbenchScale.panned(state.view, share * (state.view.to - state.view.from), state.end));

    function show(view) {
      state.view = view;
      render();
      told({ chrom: state.chrom, ...view });
    }

    function rows() {
      const { words } = model;
      const x = (base) => (base - state.view.from) / (state.view.to - state.view.from) * state.width;
      const home = model.gene && model.gene.chrom === state.chrom;
      const found = [[28, null, xbenchRows.axis(state.view, x, state.width)]];
      const here = { ...state, near: model.near.filter((one) => one.place.chrom === state.chrom) };
      if (home) found.push([36, model.geneText, xbenchRows.geneRow(here, x)]);
      if (here.near.some((one) => one.level !== null)) {
        found.push([48, model.openText, xbenchRows.openRow(here, x, words)]);
      }
      if (model.truthKnown) found.push([20, model.truthText, xbenchRows.truthRow(here, x, words)]);
      if (model.links.length) found.push([20, "Known links (disc: linked, cross: tested, not linked)", xbenchRows.linksRow(here, x)]);
      if (model.loops.length && home) found.push([28, "Loops to the gene's start", xbenchRows.loopsRow(here, x)]);
      for (const one of state.methods) {
        found.push([34, one.label(here), xbenchRows.methodRow(here, x, one, words)]);
      }
      return found;
    }

    function render() {
      const focused = document.activeElement && document.activeElement.closest(".mark");
      const kept = focused && frame.contains(focused) ? { ...focused.dataset } : null;
      state.width = Math.max(280, frame.clientWidth);
      let y = 0;
      const parts = [];
      for (const [height, label, group] of rows()) {
        if (label) {
          parts.push(xbenchRows.svg("text", { class: "row-label", x: 2, y: y + 13 }, label));
          y += LABEL;
        }
        group.setAttribute("transform", `translate(0,${y})`);
        parts.push(group);
        y += height + 4;
      }
      picture.setAttribute("viewBox", `0 0 ${state.width} ${y}`);
      picture.setAttribute("height", y);
      picture.replaceChildren(...parts);
      hide();
      if (kept) (marks().find((one) => same(one, kept)) || frame).focus();
      const text = `${state.chrom}:${Math.round(state.view.from).toLocaleString("en-GB")}\u2013`
        + `${Math.round(state.view.to).toLocaleString("en-GB")}, ${xbenchGenome.bases(Math.round(state.view.to - state.view.from))}`;
      element.querySelector("#track-view").textContent = text;
    }

    const marks = () => [...picture.querySelectorAll(".mark")];
    const same = (one, other) => one.dataset.row === other.row && one.dataset.feature === other.feature;

    function point(target) {
      const one = target && target.closest && target.closest(".mark");
      if (!one) return hide();
      tip.replaceChildren(...one.words.map((text, at) => make(at ? "div" : "strong", {}, text)));
      tip.hidden = false;
      const [outer, box] = [frame.getBoundingClientRect(), one.getBoundingClientRect()];
      const left = box.left + box.width / 2 - outer.left - tip.offsetWidth / 2;
      tip.style.left = `${Math.max(0, Math.min(left, outer.width - tip.offsetWidth))}px`;
      tip.style.top = `${box.bottom - outer.top + 6}px`;
      return one;
    }

    function hide() {
      tip.hidden = true;
    }

    // From a mark: left and right along its line, up and down to the nearest of another line.
    function step(one, key) {
      const all = marks();
      const centre = (each) => { const box = each.getBoundingClientRect(); return box.left + box.width / 2; };
      if (key === "ArrowLeft" || key === "ArrowRight") {
        const line = all.filter((each) => each.dataset.row === one.dataset.row)
          .sort((a, b) => centre(a) - centre(b));
        const next = line[line.indexOf(one) + (key === "ArrowRight" ? 1 : -1)];
        return next && next.focus();
      }
      const lines = [...new Set(all.map((each) => each.dataset.row))];
      const row = lines[lines.indexOf(one.dataset.row) + (key === "ArrowDown" ? 1 : -1)];
      const near = all.filter((each) => each.dataset.row === row)
        .sort((a, b) => Math.abs(centre(a) - centre(one)) - Math.abs(centre(b) - centre(one)));
      return near[0] && near[0].focus();
    }

    frame.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const one = event.target.closest(".mark");
      const actions = {
        "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), "\u2212": () => zoom(2),
        0: () => (model.gene ? around(1e6) : fit()),
        ArrowLeft: () => pan(-0.2), ArrowRight: () => pan(0.2),
        Enter: () => marks()[0] && marks()[0].focus(),
      };
      if (one && /^Arrow/.test(event.key)) step(one, event.key);
      else if (one && event.key === "Escape") frame.focus();
      else if (event.key in actions) actions[event.key]();
      else return;
      event.preventDefault();
    });
    frame.addEventListener("focusin", (event) => point(event.target));
    frame.addEventListener("focusout", hide);
    frame.addEventListener("pointerover", (event) => point(event.target));
    frame.addEventListener("pointerleave", hide);
    frame.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !frame.contains(document.activeElement)) return;
      event.preventDefault();
      const share = (event.clientX - frame.getBoundingClientRect().left) / state.width;
      zoom(event.deltaY > 0 ? 1.25 : 0.8, state.view.from + share * (state.view.to - state.view.from));
    }, { passive: false });

    let drag = null;
    frame.addEventListener("pointerdown", (event) => {
      drag = { x: event.clientX, view: state.view };
      // A finger has no hover: what is touched is focused, and says what it is.
      (event.target.closest(".mark") || frame).focus({ preventScroll: true });
      event.preventDefault();
    });
    frame.addEventListener("pointermove", (event) => {
      if (!drag || Math.abs(event.clientX - drag.x) < 3) return;
      if (!frame.hasPointerCapture(event.pointerId)) frame.setPointerCapture(event.pointerId);
      const by = (drag.x - event.clientX) / state.width * (drag.view.to - drag.view.from);
      show(xbenchScale.panned(drag.view, by, state.end));
    });
    for (const name of ["pointerup", "pointercancel"]) frame.addEventListener(name, () => { drag = null; });
    new ResizeObserver(() => { if (state.view && frame.clientWidth !== state.width) render(); }).observe(frame);

    // Show what methods chose; the view stays where there was one.
    function methods(chosen) {
      state.methods = chosen;
      chromosome(state.chrom || model.home, state.view !== null);
    }

    return { methods, look: (place) => {
      if (place.chrom !== state.chrom) chromosome(place.chrom);
      show(xbenchScale.clamped(place.start - 5e4, place.end + 5e4, state.end));
      frame.focus();
    } };
  }

  return { draw };
})();
