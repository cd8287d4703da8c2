// The entry of every signed-in page. Each module works on attributes of the markup; pages without scripts stay usable.
import "./shell.js";
import "./overlay.js";
import "./keys.js";
import "./combo.js";
import "./forms.js";
import "./pick.js";
import "./selection.js";
import "./neighbours.js";
import "./record.js";
import "./lists.js";
import "./trees.js";
import { components } from "./components.js";

if (document.querySelector("form[data-draft]")) import("./drafts.js");
if (document.getElementById("viewer")) import("./preview.js");
if (document.querySelector("[data-drop]")) import("./upload.js");
if (document.querySelector("[data-board]")) import("./board.js");
if (document.querySelector("[data-chart]")) import("./charts.js");
if (document.querySelector("[data-arrange]")) import("./arrange.js");

try {
  const { default: Alpine } = await import("../vendor/alpine/alpine-csp.esm.min.js");
  for (const [name, component] of Object.entries(components)) Alpine.data(name, component);
  window.Alpine = Alpine;
  Alpine.start();
  document.dispatchEvent(new CustomEvent("zhian:alpine", { detail: Alpine }));
} catch (error) {
  console.warn("Alpine is not installed; run the set-up again", error);
}
