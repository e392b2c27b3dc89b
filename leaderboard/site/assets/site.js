// What every page uses: data by name, elements without HTML in texts, colours, numbers, Plotly.
"use strict";
const xbenchSite = (function () {
  const values = new Map();
  const waiting = new Map();
  const root = () => document.body.dataset.root;

  // A page opened from a disk may fetch nothing, but may add scripts: each hands over its data.
  function put(name, value) {
    values.set(name, value);
  }

  function script(address) {
    if (!waiting.has(address)) {
      waiting.set(address, new Promise((resolve, reject) => {
        const element = document.createElement("script");
        element.src = root() + address;
        element.onload = resolve;
        element.onerror = () => reject(new Error(`${address} is missing: build the site again`));
        document.head.append(element);
      }));
    }
    return waiting.get(address);
  }

  // Return a promise of the data that Python wrote as data/NAME.js.
  async function load(name) {
    if (!values.has(name)) await script(`data/${name}.js`);
    return values.get(name);
  }

  // Return a promise of Plotly, loaded when the first chart is drawn.
  async function plotly() {
    await script("assets/plotly.min.js");
    return window.Plotly;
  }

  // Make an element: texts are texts, never HTML, so that no stranger's name can be markup.
  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value != null) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child != null));
    return element;
  }

  // Okabe and Ito's colours, told apart by readers who see no red or no green.
  const COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442"];
  const colour = (place) => COLOURS[place % COLOURS.length];

  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function number(value, digits = 3) {
    if (value == null) return "–";
    return Number(value).toLocaleString("en-GB", { maximumSignificantDigits: digits })
      .replace("-", "\u2212");
  }

  // What goes wrong is said on the page. (Of a page from a disk, a browser tells its scripts of no
  // error that they did not catch.)
  function fail(error) {
    const text = `This page could not be drawn: ${error.message}`;
    document.getElementById("content").prepend(make("p", { class: "warning", role: "alert" }, text));
  }

  const runAddress = (id) => `${root()}run.html#${encodeURIComponent(id)}`;

  return { put, load, script, plotly, make, COLOURS, colour, style, number, root, runAddress, fail };
})();
