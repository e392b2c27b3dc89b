// Places on the genome: their text, distances to a gene, and BED, as Python writes them
// (xbench/results/exports.py); a test in a real browser holds both to the same text.
"use strict";
const xbenchGenome = (function () {
  // Control, direction and other invisible characters, as xbench.utils.text.shown replaces them.
  const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
  const shown = (text) => String(text).replace(HIDDEN, " ");
  const word = (text) => shown(text).split(/\s+/u).filter((part) => part).join("_") || ".";

  // Rows of data.features as objects; place is null where it is not known.
  function features(data) {
    return data.features.map(([name, chrom, start, end, level], number) => {
      const place = chrom < 0 ? null : { chrom: data.chroms[chrom], start, end };
      const at = place ? `${place.chrom}:${start}-${end}` : "";
      return { number, name: name === 0 ? at : name, place, at, level: level < 0 ? null : level };
    });
  }

  function gene(row) {
    if (!row) return null;
    const [chrom, start, end, strand] = row;
    return { chrom, start, end, strand };
  }

  // The base that the gene is transcribed from; its body where no strand is known.
  function startOfGene(of) {
    if (!of || !of.strand) return of;
    const first = of.strand === "+" ? of.start : of.end - 1;
    return { ...of, start: first, end: first + 1 };
  }

  // Base pairs to the gene's start, below 0 upstream; null on another chromosome.
  function distance(place, of) {
    const start = startOfGene(of);
    if (!place || !start || place.chrom !== start.chrom) return null;
    const found = place.end <= start.start
      ? -(start.start - place.end + 1) : Math.max(0, place.start - start.end + 1);
    return of.strand === "-" ? (found === 0 ? 0 : -found) : found;
  }

  function side(found, of) {
    if (!found) return "";
    const sides = of.strand ? ["upstream", "downstream"] : ["before", "behind"];
    return sides[found > 0 ? 1 : 0];
  }

  function distanceText(place, of) {
    const found = distance(place, of);
    if (found === null) return place && of ? "other chromosome" : "–";
    const start = of.strand ? "TSS" : "gene body";
    return found === 0 ? `at the ${start}` : `${bases(Math.abs(found))} ${side(found, of)}`;
  }

  function bases(count) {
    if (count >= 1e6) return `${Number((count / 1e6).toPrecision(3))} Mb`;
    return count >= 1e4 ? `${Number((count / 1e3).toPrecision(3))} kb` : `${count.toLocaleString("en-GB")} bp`;
  }

  const percent = (share) => `${Number((100 * share).toPrecision(3))}%`;

  // Python's round: a half goes to the even neighbour.
  function rounded(value) {
    const low = Math.floor(value);
    if (value - low !== 0.5) return Math.round(value);
    return low % 2 === 0 ? low : low + 1;
  }

  const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

  // BED 9 of what methods chose at one L, as `xbench runs export --format bed` writes it.
  function bed(data, size) {
    const all = features(data);
    const strand = (data.gene && data.gene[3]) || ".";
    const rows = [];
    for (const one of size.methods) {
      for (const [number, count] of one.chosen) {
        const { name, place } = all[number];
        if (place) rows.push({ place, name, method: one.method, rgb: one.rgb, share: count / one.ok });
      }
    }
    rows.sort((a, b) => order(a.place.chrom, b.place.chrom) || a.place.start - b.place.start
      || a.place.end - b.place.end || order(a.method, b.method));
    const lines = ['track name="xbench" description="features chosen by xbench" itemRgb="On"'];
    for (const { place, name, method, rgb, share } of rows) {
      lines.push([word(place.chrom), place.start, place.end,
        word(`${data.target}|${method}|${name}`), rounded(1000 * share), strand,
        place.start, place.end, rgb].join("\t"));
    }
    return `${lines.join("\n")}\n`;
  }

  return { features, gene, startOfGene, distance, side, distanceText, bases, percent, bed };
})();
