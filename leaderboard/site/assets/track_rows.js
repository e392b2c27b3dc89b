// The rows of the genome picture, each drawn for a view. Shapes say the same as colours do.
"use strict";
const xbenchRows = (function () {
  const NAMESPACE = "http://www.w3.org/2000/svg";
  const BAR = 18;

  function svg(tag, attributes = {}, text = null) {
    const element = document.createElementNS(NAMESPACE, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text !== null) element.textContent = text;
    return element;
  }

  // What can be reached by mouse and keyboard, and says what it is.
  function mark(row, number, words) {
    const group = svg("g", { class: "mark", tabindex: "-1", role: "img", "aria-label": words.join("; ") });
    group.dataset.row = row;
    group.dataset.feature = number;
    group.words = words;
    return group;
  }

  function span(x, place) {
    const from = x(place.start);
    const width = Math.max(3, x(place.end) - from);
    return { left: from - (width === 3 ? 1.5 : 0), width, middle: from + (x(place.end) - from) / 2 };
  }

  const inside = (place, view) => place.end > view.from && place.start < view.to;

  // A disc for true, a cross for not true, an arrow up or down for what activates or represses.
  function glyph(kind, x, y) {
    if (kind === "true") return svg("circle", { class: "true", cx: x, cy: y, r: 4 });
    if (kind === "up") return svg("path", { class: "true", d: `M${x - 5},${y + 4}h10l-5,-9z` });
    if (kind === "down") return svg("path", { class: "true", d: `M${x - 5},${y - 4}h10l-5,9z` });
    return svg("path", { class: "untrue", d: `M${x - 3.5},${y - 3.5}l7,7m0,-7l-7,7` });
  }

  function axis(view, x, width) {
    const group = svg("g", { class: "axis" });
    const { step, found } = xbenchScale.ticks(view, width);
    group.append(svg("line", { x1: 0, x2: width, y1: 20, y2: 20 }));
    for (const at of found) {
      const here = x(at);
      group.append(svg("line", { x1: here, x2: here, y1: 16, y2: 24 }));
      const anchor = here < 36 ? "start" : here > width - 36 ? "end" : "middle";
      group.append(svg("text", { x: here, y: 11, "text-anchor": anchor }, xbenchScale.tickText(at, step)));
    }
    return group;
  }

  // The body, arrows along its strand, and a flag at each base it may start from.
  function geneRow(state, x) {
    const { gene, view, others } = state;
    const group = svg("g");
    for (const [name, start, end, strand] of others) {
      const place = { chrom: gene.chrom, start, end };
      if (!inside(place, view)) continue;
      const at = span(x, place);
      const words = [`gene ${name}`, `${gene.chrom}:${start}-${end}`, strandText(strand)];
      const one = mark("genes", `other-${name}`, words);
      one.append(svg("rect", { class: "other-gene", x: at.left, y: 24, width: at.width, height: 5 }));
      group.append(one);
    }
    if (!inside(gene, view)) return group;
    const at = span(x, gene);
    const words = [`gene ${state.name}`, `${gene.chrom}:${gene.start}-${gene.end}`, strandText(gene.strand)];
    const one = mark("genes", "own", words);
    one.append(svg("rect", { class: "gene", x: at.left, y: 21, width: at.width, height: 11 }));
    const starts = gene.strand === "+" ? [[gene.start, 1]] : gene.strand === "-" ? [[gene.end, -1]]
      : [[gene.start, 1], [gene.end, -1]];
    for (const [base, way] of starts) {
      const here = x(base);
      const dashed = gene.strand ? "" : " unsure";
      // Two flags on a short body would run into each other: then they are poles alone.
      const reach = gene.strand ? 12 : Math.min(12, at.width / 2 - 9);
      if (reach < 3) {
        one.append(svg("path", { class: `tss${dashed}`, d: `M${here},21V4` }));
        continue;
      }
      one.append(svg("path", { class: `tss${dashed}`, d: `M${here},21V8h${reach * way}` }));
      one.append(svg("path", { class: "tss-head", d: `M${here + reach * way},4l${7 * way},4l${-7 * way},4z` }));
    }
    for (let arrow = at.left + 8; gene.strand && arrow < at.left + at.width - 6; arrow += 16) {
      const way = gene.strand === "+" ? 1 : -1;
      one.append(svg("path", { class: "strand", d: `M${arrow - 2 * way},23.5l${4 * way},3l${-4 * way},3` }));
    }
    group.append(one);
    return group;
  }

  function strandText(strand) {
    return strand ? `strand ${strand}` : "strand not known: it may start at either end";
  }

  function openRow(state, x, words) {
    const group = svg("g");
    const top = Math.max(...state.near.map((one) => one.level ?? 0), 0.01);
    for (const one of state.near) {
      if (!inside(one.place, state.view) || one.level === null) continue;
      const at = span(x, one.place);
      const height = Math.max(1, 44 * one.level / top);
      const each = mark("open", one.number, words(one));
      each.append(svg("rect", { class: "hit", x: at.left - 1, y: 0, width: at.width + 2, height: 44 }));
      each.append(svg("rect", { class: "open", x: at.left, y: 44 - height, width: at.width, height }));
      group.append(each);
    }
    group.append(svg("line", { class: "base", x1: 0, x2: state.width, y1: 44.5, y2: 44.5 }));
    group.append(svg("text", { class: "scale", x: 2, y: 9 }, xbenchGenome.percent(top)));
    return group;
  }

  function truthRow(state, x, words) {
    const group = svg("g");
    for (const [number, { effect }] of state.truth) {
      const one = state.features[number];
      if (!one.place || one.place.chrom !== state.chrom || !inside(one.place, state.view)) continue;
      const each = mark("truth", number, words(one));
      each.append(glyph(effect < 0 ? "down" : "up", span(x, one.place).middle, 9));
      group.append(each);
    }
    return group;
  }

  function linksRow(state, x) {
    const group = svg("g");
    state.links.forEach(([chrom, start, end, linked, name], number) => {
      if (chrom !== state.chrom || !inside({ start, end }, state.view)) return;
      const words = [linked ? "linked to the gene" : "tested, not linked", `${chrom}:${start}-${end}`, name];
      const each = mark("links", `link-${number}`, words);
      each.append(glyph(linked ? "true" : "untrue", span(x, { start, end }).middle, 9));
      group.append(each);
    });
    return group;
  }

  function loopsRow(state, x) {
    const group = svg("g");
    state.loops.forEach(([start, end, start2, end2], number) => {
      const [left, right] = [x((start + end) / 2), x((start2 + end2) / 2)];
      if (Math.max(left, right) < 0 || Math.min(left, right) > state.width) return;
      const words = ["loop to the gene's start", `${state.chrom}:${start}-${end}`, `${state.chrom}:${start2}-${end2}`];
      const each = mark("loops", `loop-${number}`, words);
      each.append(svg("path", { class: "loop", d: `M${left},2Q${(left + right) / 2},46 ${right},2` }));
      group.append(each);
    });
    return group;
  }

  // Bars as high as the share of repetitions; above them whether the peak is true.
  function methodRow(state, x, one, words) {
    const group = svg("g");
    for (const { feature, share, rank } of one.picks) {
      if (!feature.place || feature.place.chrom !== state.chrom || !inside(feature.place, state.view)) continue;
      const at = span(x, feature.place);
      const height = Math.max(3, BAR * share);
      const each = mark(one.key, feature.number, words(feature, one, share, rank));
      each.append(svg("rect", { class: "hit", x: at.left - 2, y: 0, width: at.width + 4, height: 12 + BAR }));
      each.append(svg("rect", { class: "pick", x: at.left, y: 12 + BAR - height, width: at.width, height,
        "fill-opacity": 0.45 + 0.55 * share }));
      if (state.truthKnown) {
        each.append(glyph(state.truth.has(feature.number) ? "true" : "untrue", at.middle, 6));
      }
      group.append(each);
    }
    group.append(svg("line", { class: "base", x1: 0, x2: state.width, y1: 12.5 + BAR, y2: 12.5 + BAR }));
    return group;
  }

  return { svg, axis, geneRow, openRow, truthRow, linksRow, loopsRow, methodRow };
})();
