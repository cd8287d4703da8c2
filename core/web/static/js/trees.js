// Conditions as a form: rows and groups come from the server; here they are taken away, and the focus stays where one works.
import { on } from "./dom.js";

const FIELDS = "select, input:not([type=hidden]), button";
let kept = null;

on("click", "[data-node-remove]", (event, button) => {
  const node = button.closest("[data-node]");
  const next = node.nextElementSibling ?? node.previousElementSibling ?? node.parentElement.closest("[data-node]").querySelector("[data-tree-add]");
  node.remove();
  (next.matches("button") ? next : next.querySelector(FIELDS))?.focus();
});

// A changed row comes back as a new one: the focus goes to the same field of it, or on to its value.
document.addEventListener("change", (event) => {
  const node = event.target.closest?.(".z-tree-r");
  if (node && event.target.id) kept = event.target.id;
});
on("click", "[data-tree-add]", (event, button) => {
  kept = button;
});
document.addEventListener("htmx:after:swap", () => {
  if (typeof kept === "string") document.getElementById(kept)?.focus();
  else if (kept) [...kept.closest("[data-node]").querySelector(".z-tree-parts").children].at(-1)?.querySelector("select:not(.z-tree-j)")?.focus();
  kept = null;
});
