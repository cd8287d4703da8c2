// Drafts: what is typed into a form is kept on the server every two seconds, offered on return, and gone once it is saved.
import { csrf } from "./dom.js";

const NEVER = new Set(["csrf_token", "version", "draft"]);
const EVERY = 2000;

/** Inputs of a form by name, without secrets, files and bookkeeping. */
function typed(form) {
  const found = {};
  for (const element of form.elements) {
    if (!element.name || NEVER.has(element.name) || ["password", "file", "submit", "button"].includes(element.type) || element.dataset.secret !== undefined) continue;
    const values = (found[element.name] ??= []);
    if (element.type === "checkbox" || element.type === "radio") {
      if (element.checked) values.push(element.value);
    } else if (element.multiple) values.push(...[...element.selectedOptions].map((option) => option.value));
    else values.push(element.value);
  }
  return found;
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const changed = (now, start) => Object.fromEntries(Object.entries(now).filter(([name, values]) => !same(values, start[name] ?? [])));

function send(path, values, keepalive = false) {
  return fetch(path, { method: "POST", body: new URLSearchParams(values), headers: { "X-CSRF-Token": csrf() }, keepalive });
}

/** Put typed values back into the inputs; links show their label through the picker's own request. */
function fill(form, data) {
  for (const name of Object.keys(data)) if (!form.elements[name]) addRow(form, name);
  for (const [name, values] of Object.entries(data)) {
    const inputs = [...form.elements].filter((element) => element.name === name);
    const left = [...values];
    for (const element of inputs) {
      if (element.type === "checkbox" || element.type === "radio") element.checked = values.includes(element.value);
      else if (element.type === "file" || element.type === "password") continue;
      else if (element.multiple) for (const option of element.options) option.selected = values.includes(option.value);
      else if (left.length) element.value = left.shift();
      element.dispatchEvent(new Event("input", { bubbles: true }));
      if (element.type === "hidden") named(element);
    }
  }
}

/** The row that an input such as `lines-0-new17-quantity` stood in. */
function addRow(form, name) {
  const [, number, row] = /^lines-(\d+)-(new\w+)-/.exec(name) ?? [];
  const place = row && [...form.querySelectorAll("[data-rows]")].find((each) => each.querySelector("template")?.innerHTML.includes(`lines-${number}-__n__`));
  if (!place) return;
  const holder = document.createElement("tbody");
  holder.innerHTML = place.querySelector("template").innerHTML.replaceAll("__n__", row);
  place.querySelector("tbody").append(holder.firstElementChild);
}

/** The label of a link that came back from a draft: asked by its id, since a draft keeps ids alone. */
async function named(hidden) {
  const box = hidden.closest("[data-combo]");
  if (!box || !hidden.value) return;
  const answer = await fetch(`${box.dataset.combo}?id=${encodeURIComponent(hidden.value)}`, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const { data } = await answer.json();
  if (data.length) box.querySelector("input[role=combobox]").value = data[0].label;
}

function keep(form) {
  const place = form.dataset.draft;
  const offer = form.querySelector("[data-draft-offer]") ?? document.querySelector(`[data-draft-offer="${CSS.escape(place)}"]`);
  const version = form.elements.version?.value;
  const start = form.dataset.draftWhole === undefined ? typed(form) : {};
  let last = {};
  let sent = false;
  let waiting = Boolean(offer);

  async function store(keepalive = false) {
    const now = changed(typed(form), start);
    if (sent || waiting || same(now, last)) return;
    last = now;
    if (!Object.keys(now).length) await send("/desk/draft/drop", { place }, keepalive);
    else await send("/desk/draft", { place, data: JSON.stringify(now), ...(version ? { version } : {}) }, keepalive).catch(() => (last = {}));
  }

  offer?.querySelector("[data-draft-use]").addEventListener("click", async () => {
    const answer = await fetch(`/desk/draft?place=${encodeURIComponent(place)}`, { headers: { Accept: "application/json" } });
    if (answer.ok) {
      const { data } = await answer.json();
      last = data;
      fill(form, data);
    }
    waiting = false;
    offer.remove();
    form.querySelector("textarea, .z-input")?.focus();
  });
  offer?.querySelector("[data-draft-drop]").addEventListener("click", async () => {
    waiting = false;
    offer.remove();
    await send("/desk/draft/drop", { place });
  });
  addEventListener("beforeunload", (event) => {
    if (waiting && !sent && !same(typed(form), start)) event.preventDefault(); // the earlier draft is still undecided
  });
  form.addEventListener("submit", () => (sent = true));
  setInterval(store, EVERY);
  addEventListener("pagehide", () => store(true));
}

for (const form of document.querySelectorAll("form[data-draft]")) keep(form);
