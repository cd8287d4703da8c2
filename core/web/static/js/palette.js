// Ctrl-K: hits while typing, a stale question is dropped; arrows, Enter, Ctrl-Enter; a step asks for its record next.
import { on } from "./dom.js";

const WAIT = 110;
const KEPT = 8;
const palette = document.getElementById("palette");
const form = palette?.querySelector("form");
const input = palette?.querySelector("input[type=search]");
const results = palette?.querySelector("#palette-results");
const past = palette?.querySelector("[data-past]");
const chip = palette?.querySelector("[data-scope-end]");
const act = palette?.querySelector("input[name=act]");
const plain = input?.placeholder;
const seen = new Map();
let asked = null;
let timer = 0;

const items = () => [...palette.querySelectorAll(".it")].filter((item) => item.offsetParent);
const current = () => palette.querySelector(".it.is-on");

function choose(item) {
  const before = current();
  before?.classList.remove("is-on");
  before?.setAttribute("aria-selected", "false");
  if (!item) return input.removeAttribute("aria-activedescendant");
  item.id ||= `found-${items().indexOf(item)}-${Date.now()}`;
  item.classList.add("is-on");
  item.setAttribute("aria-selected", "true");
  item.scrollIntoView({ block: "nearest" });
  input.setAttribute("aria-activedescendant", item.id);
}

function show(html) {
  results.innerHTML = html;
  past.hidden = Boolean(input.value.trim() || act.value) || !drawPast();
  choose(items()[0]);
}

async function ask() {
  const address = `/find?${new URLSearchParams({ q: input.value.trim(), ...(act.value ? { act: act.value } : {}) })}`;
  asked?.abort();
  if (seen.has(address)) return show(seen.get(address));
  const mine = (asked = new AbortController());
  try {
    const answer = await fetch(address, { headers: { "HX-Request": "true" }, signal: mine.signal });
    if (answer.redirected || !answer.ok) return location.reload();
    const html = await answer.text();
    if (mine !== asked) return;
    seen.set(address, html);
    show(html);
  } catch (error) {
    if (error.name === "AbortError") return;
    const late = document.createElement("p");
    late.className = "none";
    late.textContent = results.dataset.late;
    results.replaceChildren(late);
  }
}

function soon() {
  asked?.abort();
  clearTimeout(timer);
  timer = setTimeout(ask, WAIT);
}

const recall = () => {
  try {
    return JSON.parse(sessionStorage.getItem("zhian-past") ?? "[]");
  } catch {
    return [];
  }
};

function remember() {
  const words = input.value.trim();
  if (!words || act.value) return;
  sessionStorage.setItem("zhian-past", JSON.stringify([words, ...recall().filter((w) => w !== words)].slice(0, KEPT)));
}

function drawPast() {
  const words = recall();
  past.querySelectorAll("button").forEach((button) => button.remove());
  for (const word of words) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "z-chip";
    button.textContent = word;
    button.addEventListener("click", () => {
      input.value = word;
      input.focus();
      ask();
    });
    past.append(button);
  }
  return words.length;
}

function scope(value, name) {
  act.value = value;
  act.disabled = !value;
  chip.hidden = !value;
  chip.textContent = name ? `${name} ×` : "";
  input.placeholder = value ? input.dataset.scoped : plain;
  input.value = "";
  input.focus();
  ask();
}

export function openPalette() {
  if (!palette || palette.open) return;
  palette.showModal();
  seen.clear();
  input.select();
  ask();
}

function open(item, apart) {
  if (item.dataset.scope && !apart) return scope(item.dataset.scope, item.dataset.scopeName);
  remember();
  if (apart) return window.open(item.href, "_blank", "noopener");
  palette.close();
  location.assign(item.href);
}

function pressed(event) {
  if (event.isComposing || event.target !== input) return;
  const all = items();
  const now = all.indexOf(current());
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key in steps && all.length) choose(all[(now + steps[event.key] + all.length) % all.length]);
  else if (event.key === "Enter") enter(event);
  else if (event.key === "Backspace" && act.value && !input.value) scope("", "");
  else return;
  event.preventDefault();
  event.stopPropagation();
}

async function enter(event) {
  const apart = event.ctrlKey || event.metaKey;
  clearTimeout(timer);
  if (!seen.has(`/find?${new URLSearchParams({ q: input.value.trim(), ...(act.value ? { act: act.value } : {}) })}`)) await ask();
  const item = current() ?? items()[0];
  if (item) open(item, apart);
}

if (palette) {
  on("click", "[data-palette]", openPalette);
  input.addEventListener("input", (event) => event.isComposing || soon());
  input.addEventListener("compositionend", soon);
  palette.addEventListener("keydown", pressed);
  palette.addEventListener("click", (event) => {
    const item = event.target.closest(".it");
    if (!item || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(item, false);
  });
  results.addEventListener("mousemove", (event) => {
    const item = event.target.closest(".it");
    if (item && item !== current()) choose(item);
  });
  chip.addEventListener("click", () => scope("", ""));
  palette.addEventListener("close", () => act.value && (scope("", ""), asked?.abort()));
  form.addEventListener("submit", remember);
}
