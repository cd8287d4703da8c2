// Dragging cards of a board; the menu of each card does the same without a mouse. The server decides, a refusal moves the card back.
import Sortable from "../vendor/sortable/sortable.esm.js";
import { post } from "./dom.js";
import { toast } from "./shell.js";

const board = document.querySelector("[data-board]");

async function moved({ item, from, to, oldIndex }) {
  if (from === to) return;
  const answer = await post(board.dataset.board, { id: item.dataset.id, version: item.dataset.version, to: to.dataset.lane, by: board.dataset.by });
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) {
    item.dataset.version = told.version;
    for (const lane of [from, to]) lane.closest(".z-lane").querySelector(".z-count").textContent = told.counts?.[lane.dataset.lane] ?? lane.children.length;
  } else {
    from.insertBefore(item, from.children[oldIndex] ?? null);
  }
  if (told.message) toast(told.message, answer.ok ? "done" : "overdue");
}

for (const lane of board?.querySelectorAll("[data-lane]") ?? []) {
  Sortable.create(lane, { group: "board", animation: 120, sort: false, ghostClass: "is-ghost", dragClass: "is-dragging", delay: 180, delayOnTouchOnly: true, filter: ".z-move", preventOnFilter: false, onEnd: moved });
}
