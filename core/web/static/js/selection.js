// Selecting rows of a list raises the bulk bar; shift-click takes a range; "all N" sends the filter instead of ids.
import { on } from "./dom.js";

let last = null;

const list = () => document.getElementById("list");
const boxes = () => [...(list()?.querySelectorAll("tr.r input[name=id]") ?? [])];

export function refresh() {
  const bar = document.getElementById("bulk");
  if (!bar) return;
  const chosen = boxes().filter((box) => box.checked);
  for (const box of boxes()) box.closest("tr").classList.toggle("is-sel", box.checked);
  bar.hidden = chosen.length === 0;
  bar.querySelector("[data-count]").textContent = bar.dataset.words.replace("0", chosen.length);
  bar.querySelector("input[name=all]").value = "";
  const head = list().querySelector("thead input[type=checkbox]");
  if (head) {
    head.checked = chosen.length > 0 && chosen.length === boxes().length;
    head.indeterminate = chosen.length > 0 && !head.checked;
  }
}

on("click", "tr.r input[name=id]", (event, box) => {
  if (event.shiftKey && last) {
    const all = boxes();
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    for (const each of all.slice(from, to + 1)) each.checked = box.checked;
  }
  last = box;
  refresh();
});
on("change", "thead input[data-all]", (event, head) => {
  for (const box of boxes()) box.checked = head.checked;
  refresh();
});
on("click", "[data-unselect]", () => {
  for (const box of boxes()) box.checked = false;
  refresh();
});
on("click", "[data-select-all]", (event, button) => {
  for (const box of boxes()) box.checked = true;
  refresh();
  const bar = document.getElementById("bulk");
  bar.querySelector("input[name=all]").value = "1";
  bar.querySelector("[data-count]").textContent = button.dataset.told;
});
document.addEventListener("htmx:after:swap", refresh);
