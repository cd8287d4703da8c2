// Rows that people move: by dragging, by Alt with an arrow key, or by their buttons, which also work without this file.
import Sortable from "../vendor/sortable/sortable.esm.js";
import { csrf, on } from "./dom.js";

const form = document.querySelector("[data-arrange-form]");
const said = document.querySelector("[data-arrange-said]");

function tell(row) {
  const rows = [...row.parentElement.children];
  if (said) said.textContent = `${row.dataset.name}: ${rows.indexOf(row) + 1} / ${rows.length}`;
}

let waiting;
function changed() {
  if (!form?.dataset.preview) return;
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    const answer = await fetch(form.dataset.preview, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "X-CSRF-Token": csrf(), "HX-Request": "true" } });
    if (answer.ok) document.getElementById("preview").innerHTML = await answer.text();
  }, 350);
}

function move(row, way) {
  const line = row.parentElement.querySelector("[data-line]");
  if (way === "up") row.previousElementSibling?.before(row);
  else if (way === "down") row.nextElementSibling?.after(row);
  else if (way === "hide") line?.after(row);
  else if (way === "show") line?.before(row);
  else row.remove();
  if (row.isConnected) tell(row);
  changed();
}

for (const list of document.querySelectorAll("[data-arrange]")) {
  Sortable.create(list, { handle: "[data-grip]", draggable: "[data-row], [data-line]", filter: "[data-line]", preventOnFilter: false, animation: 120, ghostClass: "is-ghost", delay: 120, delayOnTouchOnly: true, onEnd: ({ item }) => (tell(item), changed()) });
}
on("click", "[data-arrange] [data-move]", (event, button) => {
  event.preventDefault();
  const row = button.closest("[data-row]");
  const next = row.nextElementSibling ?? row.previousElementSibling;
  move(row, button.dataset.move);
  if (!row.isConnected) next?.focus();
  else if (button.offsetParent) button.focus();
  else row.focus();
});
on("keydown", "[data-arrange] [data-row]", (event, row) => {
  const way = { ArrowUp: "up", ArrowDown: "down" }[event.key];
  if (!event.altKey || !way) return;
  event.preventDefault();
  const focused = document.activeElement;
  move(row, way);
  (row.contains(focused) ? focused : row).focus();
});
form?.addEventListener("change", changed);
