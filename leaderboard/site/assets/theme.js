// The theme: what the system asks for, or what the reader chose. Runs before the page is drawn.
"use strict";
(function () {
  const THEMES = ["system", "light", "dark"];
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  let chosen = "system";
  try {
    const kept = window.localStorage.getItem("xbench-theme");
    if (THEMES.includes(kept)) chosen = kept;
  } catch (error) { /* Some browsers keep nothing for pages from a disk. */ }

  function apply() {
    const isDark = chosen === "dark" || (chosen === "system" && dark.matches);
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
    const button = document.getElementById("theme-switch");
    if (button) button.textContent = `Theme: ${chosen}`;
    window.dispatchEvent(new CustomEvent("xbench-theme"));
  }

  function next() {
    chosen = THEMES[(THEMES.indexOf(chosen) + 1) % THEMES.length];
    try { window.localStorage.setItem("xbench-theme", chosen); } catch (error) { /* As above. */ }
    apply();
  }

  apply();
  dark.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme-switch").addEventListener("click", next);
    apply();
  });
})();
