// Keyboard: Ctrl-K, G then a letter, J/K, X, E, C, F, /, Ctrl-Enter, ?. Single letters rest while a field has focus.
import { typing } from "./dom.js";
import { peek } from "./peek.js";
import { openPalette } from "./palette.js";

const GO = { w: "/", c: "/r/cases.case", d: "/r/deadlines.deadline", k: "/r/clients.client" };
let afterG = 0;

const press = (selector) => {
  const found = document.querySelector(selector);
  if (found) found.click();
  return Boolean(found);
};

function moveRow(step) {
  const rows = [...document.querySelectorAll("tr.r")];
  if (!rows.length) return press(`[data-key="${step > 0 ? "j" : "k"}"]`);
  const now = rows.findIndex((row) => row.classList.contains("is-focus"));
  rows[now]?.classList.remove("is-focus");
  const row = rows[Math.min(rows.length - 1, Math.max(0, now + step))];
  row.classList.add("is-focus");
  row.scrollIntoView({ block: "nearest" });
  return true;
}

const focused = () => document.querySelector("tr.r.is-focus");

const LETTERS = {
  j: () => moveRow(1),
  k: () => moveRow(-1),
  x: () => focused()?.querySelector("input[type=checkbox]")?.click(),
  " ": () => peek(focused()),
  Enter: () => focused()?.querySelector("a")?.click(),
  e: () => press('[data-key="e"]'),
  c: () => document.querySelector(".z-comp textarea")?.focus(),
  f: () => press('[data-key="f"]'),
  "/": () => document.querySelector(".z-find input")?.focus(),
  "?": () => document.getElementById("keys")?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
    return;
  }
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && event.target.form) {
    event.preventDefault();
    event.target.form.requestSubmit();
    return;
  }
  if (typing(event) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (document.documentElement.dataset.keys === "off") return;
  if (afterG && Date.now() - afterG < 1200 && GO[event.key]) {
    location.assign(GO[event.key]);
    return;
  }
  afterG = event.key === "g" ? Date.now() : 0;
  const action = LETTERS[event.key];
  if (!action || (event.key === "Enter" && document.activeElement !== document.body)) return;
  if (event.key !== "Enter") event.preventDefault();
  action();
});
