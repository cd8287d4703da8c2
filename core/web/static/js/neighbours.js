// The list that somebody came from: its address is kept on the server under a token of this tab, so that previous, next
// and the way back work with any filter and order. Also tells the server which record was opened.
import { csrf, on } from "./dom.js";

const POSITIONS = "zhian-positions:";

function send(path, values) {
  return fetch(path, { method: "POST", body: new URLSearchParams(values), headers: { "X-CSRF-Token": csrf() }, keepalive: true });
}

const newToken = () => [...crypto.getRandomValues(new Uint8Array(9))].map((byte) => byte.toString(36).padStart(2, "0")).join("").slice(0, 16);

const positions = (token) => JSON.parse(sessionStorage.getItem(POSITIONS + token) ?? "null");

/** The token of the list as it is shown now; the same list keeps its own. */
function tokenOf(table) {
  const address = location.pathname + location.search;
  if (table.dataset.token && table.dataset.address === address) return table.dataset.token;
  table.dataset.token = newToken();
  table.dataset.address = address;
  send("/desk/list", { token: table.dataset.token, key: table.dataset.list, address });
  const first = Number(table.dataset.first);
  const at = Object.fromEntries([...table.querySelectorAll("tr.r")].map((row, index) => [row.dataset.id, first + index]));
  sessionStorage.setItem(POSITIONS + table.dataset.token, JSON.stringify({ at, total: Number(table.dataset.total), address }));
  return table.dataset.token;
}

function follow(event, link) {
  const table = link.closest("table");
  const address = new URL(link.href, location.href);
  if (!address.pathname.startsWith(`/r/${table.dataset.list}/`) || address.searchParams.has("list")) return;
  address.searchParams.set("list", tokenOf(table));
  link.href = address.pathname + address.search;
  history.replaceState({ ...history.state, row: link.closest("tr.r").dataset.id }, "");
}

// Before the browser follows it, in this tab or in another one.
on("pointerdown", "table[data-list] tr.r a", follow);
on("click", "table[data-list] tr.r a", follow);

/** Back in a list: the row that was opened is in sight and chosen. */
function returnTo(id) {
  const row = id && document.querySelector(`table[data-list] tr.r[data-id="${CSS.escape(id)}"]`);
  if (!row) return;
  row.classList.add("is-focus");
  row.scrollIntoView({ block: "center" });
}
const left = document.querySelector("table[data-list]") && (history.state?.row ?? sessionStorage.getItem(`zhian-left:${location.pathname}${location.search}`));
if (left) returnTo(left);

/** The list's address may still be on its way to the server when the record's page is there already. */
async function asked(address) {
  for (const wait of [300, 900, 2700]) {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (answer.status !== 404) return answer;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
  return fetch(address, { headers: { Accept: "application/json" } });
}

async function walk(place) {
  const { neighbours: key, id } = place.dataset;
  const token = new URLSearchParams(location.search).get("list");
  if (!token) return;
  const known = positions(token);
  const at = known?.at[id];
  const answer = await asked(`/r/${key}/${id}/-/beside?${new URLSearchParams({ list: token, ...(at ? { at } : {}) })}`);
  if (!answer.ok) return;
  const found = await answer.json();
  place.hidden = false;
  place.querySelector(".z-num").textContent = at ? `${at} / ${known.total}` : "";
  const [before, after] = place.querySelectorAll("a");
  for (const [link, href, step] of [[before, found.before, -1], [after, found.after, 1]]) {
    link.hidden = !href;
    if (!href) continue;
    link.href = href;
    if (at) known.at[/\/(\d+)\?/.exec(href)[1]] = at + step;
  }
  if (at) sessionStorage.setItem(POSITIONS + token, JSON.stringify(known));
  sessionStorage.setItem(`zhian-left:${found.list}`, id);
  const list = document.querySelector(`.z-crumb a[href="/r/${key}"]`);
  if (list) list.href = found.list;
  for (const tab of document.querySelectorAll(".z-tabs a")) {
    const address = new URL(tab.href);
    address.searchParams.set("list", token);
    tab.href = address.pathname + address.search;
  }
}

const place = document.querySelector("[data-neighbours]");
if (place) {
  walk(place);
  send("/desk/opened", { key: place.dataset.neighbours, id: place.dataset.id });
}
