// The peek panel: a record beside its list. Space or the eye opens it, arrows walk on, Enter opens the page, E edits.
import { on, typing } from "./dom.js";

const panel = document.getElementById("peek");

const rows = () => [...document.querySelectorAll("table[data-list] tr.r")];
const chosen = () => document.querySelector("table[data-list] tr.r.is-focus");

/** Show the record of a row of the list; the row is the chosen one from now on. */
export async function peek(row) {
  const list = row?.closest("table[data-list]");
  if (!list || !panel) return;
  chosen()?.classList.remove("is-focus");
  row.classList.add("is-focus");
  row.scrollIntoView({ block: "nearest" });
  await window.htmx.ajax("GET", `/r/${list.dataset.list}/${row.dataset.id}/-/peek`, { target: "#peek", swap: "innerHTML" });
  if (!panel.open) panel.showModal();
  panel.querySelector(".bd")?.focus({ preventScroll: true });
}

function step(by) {
  const all = rows();
  const next = all[all.indexOf(chosen()) + by];
  if (next) peek(next);
}

on("click", "[data-peek-step]", (event, button) => step(Number(button.dataset.peekStep)));
on("click", "[data-peek]", (event, button) => {
  event.preventDefault();
  peek(button.closest("tr.r"));
});
// The page that opens out of the panel knows the list as one that opens out of its row does.
on("click", "[data-peek-open]", (event) => {
  const link = chosen()?.querySelector("a.rec, a");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  panel.close();
  link.click();
});

panel?.addEventListener("keydown", (event) => {
  if (typing(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    j: () => step(1),
    k: () => step(-1),
    e: () => panel.querySelector("[data-peek-edit]")?.click(),
    " ": () => panel.close(),
    Enter: () => panel.querySelector("[data-peek-open]")?.click(),
  }[event.key];
  if (!act || (event.key === "Enter" && event.target.closest("a, button")) || (event.key === " " && event.target.closest("button"))) return;
  event.preventDefault();
  act();
});
panel?.addEventListener("close", () => chosen()?.querySelector("a")?.focus({ preventScroll: true }));
