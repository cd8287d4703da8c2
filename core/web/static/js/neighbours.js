// Previous and next record: the list that was left last is remembered in this tab; nothing is asked of the server.
import { on } from "./dom.js";

on("click", "table[data-list] tr.r a", (event, link) => {
  const table = link.closest("table");
  const ids = [...table.querySelectorAll("tr.r")].map((row) => row.dataset.id);
  const kept = { ids, first: Number(table.dataset.first), total: Number(table.dataset.total), url: location.pathname + location.search };
  sessionStorage.setItem(`zhian-list:${table.dataset.list}`, JSON.stringify(kept));
});

const place = document.querySelector("[data-neighbours]");
const kept = place && JSON.parse(sessionStorage.getItem(`zhian-list:${place.dataset.neighbours}`) ?? "null");
const at = kept ? kept.ids.indexOf(place.dataset.id) : -1;

if (at >= 0) {
  place.hidden = false;
  place.querySelector(".z-num").textContent = `${kept.first + at} / ${kept.total}`;
  const [before, after] = place.querySelectorAll("a");
  for (const [link, id] of [[before, kept.ids[at - 1]], [after, kept.ids[at + 1]]]) {
    if (id) link.href = `/r/${place.dataset.neighbours}/${id}`;
    else link.hidden = true;
  }
  const list = document.querySelector(`.z-crumb a[href="/r/${place.dataset.neighbours}"]`);
  if (list) list.href = kept.url;
}
