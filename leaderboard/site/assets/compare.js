// Two sides compared, target by target. Intervals come from Python; differences are taken here.
"use strict";
(function () {
  const { make, load, number, root, COLOURS } = xbenchSite;
  const { draw, plain } = xbenchCharts;
  const byId = (id) => document.getElementById(id);
  const CHOICES = ["study", "one", "other", "metric", "size"];
  let data = null;

  const chosen = (id) => byId(id).value;
  const metric = () => data.metrics.find(([name]) => name === chosen("metric"));
  const severalSources = () => new Set(data.sides.map(([source]) => source)).size > 1;
  const sideName = (place) => data.sides[place][1] + (severalSources() ? ` (${data.sides[place][0]})` : "");

  // As xbench.leaderboard.statistics.pairs: repetitions of one number belong together; without any
  // in common all pairs are taken. What differs by rounding in single precision is equal.
  function differences(first, second) {
    const shared = first.map((value, place) => [value, second[place]]).filter(([a, b]) => a != null && b != null);
    const every = first.filter((a) => a != null).flatMap((a) => second.filter((b) => b != null).map((b) => [a, b]));
    const same = (a, b) => Math.abs(a - b) <= 1e-5 * Math.max(Math.abs(a), Math.abs(b));
    return (shared.length ? shared : every).map(([a, b]) => (same(a, b) ? 0 : a - b));
  }

  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

  function byTarget(one, other) {
    const sides = data.values[chosen("metric")][chosen("size")];
    const second = new Map(sides[other]);
    return sides[one].filter(([target]) => second.has(target)).map(([target, values]) => ({
      target, difference: mean(differences(values, second.get(target))),
      one: mean(values.filter((value) => value != null)), other: mean(second.get(target).filter((value) => value != null)),
    }));
  }

  // Mean difference with its interval, one minus other, whichever way Python kept it.
  function effect(one, other) {
    const found = data.effects[chosen("metric")][chosen("size")];
    const kept = found.find(([a, b]) => a === one && b === other);
    if (kept) return kept.slice(2);
    const turned = found.find(([a, b]) => a === other && b === one);
    if (!turned) return null;
    const [value, low, high] = turned.slice(2);
    const minus = (end) => (end == null ? null : -end);
    return [-value, minus(high), minus(low)];
  }

  const interval = (found) => (found[1] == null ? number(found[0], 4) : `${number(found[0], 4)} (${number(found[1], 4)} to ${number(found[2], 4)})`);

  function verdict(found) {
    const sign = metric()[2] === "higher" ? -1 : 1;
    if (found[1] == null) return "no interval: a single value";
    if (found[1] <= 0 && found[2] >= 0) return "not told apart";
    return sign * found[0] < 0 ? "A is better" : "B is better";
  }

  function winner(difference) {
    if (difference === 0) return "equal";
    return (metric()[2] === "higher") === (difference > 0) ? "A" : "B";
  }

  function chart(one, other) {
    const rows = byTarget(one, other).sort((a, b) => a.difference - b.difference);
    const name = (row) => data.targets[row.target].slice(0, 2).join(":");
    const label = metric()[1];
    const looks = { A: { color: COLOURS[0] }, B: { color: COLOURS[1], pattern: { shape: "/", bgcolor: COLOURS[1], fgcolor: "#5c3d00", size: 6 } } };
    const few = rows.length <= 60;
    return {
      traces: ["A", "B"].map((side) => {
        const own = rows.filter((row) => winner(row.difference) === side);
        return {
          type: "bar", orientation: "h", name: `${side} is better: ${plain(sideName(side === "A" ? one : other))}`,
          y: own.map((row) => plain(name(row))), x: own.map((row) => row.difference), marker: looks[side],
          customdata: own.map((row) => [number(row.one, 4), number(row.other, 4), row.target]),
          hovertemplate: "%{y}: %{x:.4g}<br>A %{customdata[0]}, B %{customdata[1]}<extra></extra>",
        };
      }),
      look: {
        height: few ? 120 + 24 * rows.length : 90 + 8 * rows.length, barmode: "overlay", bargap: 0.2,
        xaxis: { title: { text: plain(`${label}: A minus B`) } },
        yaxis: { type: "category", categoryorder: "array", categoryarray: rows.map((row) => plain(name(row))).reverse(), showticklabels: few },
        showlegend: true, legend: { orientation: "h", y: 1.02, yanchor: "bottom" },
      },
      label: `${label}, ${sideName(one)} minus ${sideName(other)}, on ${rows.length} targets`,
      table: {
        head: ["Target", "A", "B", "A minus B", "Better"],
        rows: rows.map((row) => [name(row), number(row.one, 4), number(row.other, 4), number(row.difference, 4), winner(row.difference)]),
      },
      onclick: (point) => {
        const address = data.targets[point.customdata[2]][2];
        if (address) window.location.href = root() + address;
      },
    };
  }

  function table(head, rows, caption) {
    return make("table", {}, make("caption", {}, caption),
      make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))),
      make("tbody", {}, ...rows.map(([first, ...others]) => make("tr", {}, make("th", { scope: "row" }, first), ...others.map((text) => make("td", {}, String(text)))))));
  }

  function show() {
    const [one, other] = [Number(chosen("one")), Number(chosen("other"))];
    const rows = byTarget(one, other);
    const count = (of, who) => of.filter((row) => winner(row.difference) === who).length;
    const found = effect(one, other);
    const [, label, direction] = metric();
    if (one === other) byId("said").textContent = "A and B are the same: choose another.";
    else if (!rows.length || !found) byId("said").textContent = "No target has values of both at this L.";
    else {
      byId("said").textContent = `${label} (${direction} is better), L = ${chosen("size")}: ${sideName(one)} is better on ${count(rows, "A")} of ${rows.length} targets, ${sideName(other)} on ${count(rows, "B")}, equal on ${count(rows, "equal")}. Mean difference ${interval(found)}: ${verdict(found)}.`;
    }
    const digests = [one, other].map((place) => data.sides[place].slice(2));
    const what = ["data", "surrogate"].filter((_, place) => digests[0][place] !== digests[1][place]);
    byId("differs").hidden = what.length === 0;
    byId("differs").textContent = `The two sides have another ${what.join(" and another ")} under the same name: a difference may come from that.`;
    const types = [...new Set(rows.map((row) => data.targets[row.target][0]))];
    byId("wins").replaceChildren(table(["Cell type", "Targets", "A better", "B better", "Equal", "Mean of A minus B"], types.map((type) => {
      const own = rows.filter((row) => data.targets[row.target][0] === type);
      return [type, own.length, count(own, "A"), count(own, "B"), count(own, "equal"), number(mean(own.map((row) => row.difference)), 4)];
    }), `${sideName(one)} (A) against ${sideName(other)} (B)`));
    byId("every").replaceChildren(table(["Other", "Targets", "A minus the other", "Verdict"], data.sides.map((_, place) => place).filter((place) => place !== one).map((place) => {
      const against = effect(one, place);
      return [sideName(place), byTarget(one, place).length, against ? interval(against) : "–", against ? verdict(against).replace("B is", "the other is") : "no target in common"];
    }), `${sideName(one)} (A)`));
    draw("compare-chart", () => chart(one, other));
    const said = new URLSearchParams(CHOICES.map((id) => [id, chosen(id)]));
    window.history.replaceState(null, "", `#${said}`);
  }

  function fill(id, values, wanted) {
    byId(id).replaceChildren(...values.map(([value, label]) => make("option", { value }, String(label))));
    if (values.some(([value]) => String(value) === wanted)) byId(id).value = wanted;
  }

  async function open(wanted = {}) {
    data = await load(`compare/${chosen("study")}`);
    const sides = data.sides.map((_, place) => [place, sideName(place)]);
    const grids = data.sides.findIndex(([, method]) => method === "grids");
    const one = grids >= 0 ? grids : 0;
    fill("one", sides, wanted.one ?? String(one));
    fill("other", sides, wanted.other ?? String(one === 0 ? 1 : 0));
    fill("metric", data.metrics.map(([name, label]) => [name, label]), wanted.metric);
    fill("size", data.sizes.map((size) => [size, size]), wanted.size);
    show();
  }

  document.addEventListener("DOMContentLoaded", () => {
    if (!byId("choices")) return;
    const wanted = Object.fromEntries(new URLSearchParams(window.location.hash.slice(1)));
    if ([...byId("study").options].some((option) => option.value === wanted.study)) byId("study").value = wanted.study;
    byId("study").addEventListener("change", () => open().catch(xbenchSite.fail));
    for (const id of CHOICES.slice(1)) byId(id).addEventListener("change", show);
    byId("choices").addEventListener("submit", (event) => event.preventDefault());
    byId("exchange").addEventListener("click", () => {
      const [one, other] = [chosen("one"), chosen("other")];
      byId("one").value = other;
      byId("other").value = one;
      show();
    });
    open(wanted).catch(xbenchSite.fail);
  });
})();
