// The page of one record: the star, the copied link, people behind an @.
import { csrf, on } from "./dom.js";
import { toast } from "./shell.js";

document.querySelector(".z-tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// A star is put on or taken off without leaving the page; without scripts the form does it.
on("submit", "form[data-star]", async (event, form) => {
  event.preventDefault();
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "X-CSRF-Token": csrf() }, redirect: "manual" });
  if (answer.type !== "opaqueredirect" && !answer.ok) return;
  const set = form.classList.toggle("is-on");
  form.elements.off.value = set ? "1" : "";
  form.querySelector("button").setAttribute("aria-pressed", String(set));
});

on("click", "[data-copy-link]", async (event, link) => {
  event.preventDefault();
  link.closest("details.z-menu")?.removeAttribute("open");
  const address = new URL(link.dataset.copyLink, location.origin).href;
  try {
    await navigator.clipboard.writeText(address);
  } catch {
    const field = Object.assign(document.createElement("textarea"), { value: address });
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  toast(`${link.textContent.trim()}: ${address}`);
});

// People behind an @: the list holds those who may see the record; the chosen one's id goes along with the text.
let list;
let asked = 0;

const word = (area) => /(?:^|[^\w@＠])[@＠]([^\s@＠]{0,20})$/.exec(area.value.slice(0, area.selectionStart));

function close() {
  list?.remove();
  list = undefined;
}

function choose(area, item) {
  if (!item?.dataset.id) return;
  const before = area.value.slice(0, area.selectionStart).replace(/[@＠][^\s@＠]*$/, `@${item.dataset.label} `);
  const rest = area.value.slice(area.selectionStart);
  area.value = before + rest;
  area.setSelectionRange(before.length, before.length);
  area.form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "mention", value: item.dataset.id }));
  area.dispatchEvent(new Event("input", { bubbles: true }));
  close();
  area.focus();
}

function draw(area, { data, none }) {
  close();
  list = Object.assign(document.createElement("ul"), { className: "z-who", id: "mention-list" });
  list.setAttribute("role", "listbox");
  data.forEach((person, index) => {
    const item = Object.assign(document.createElement("li"), { textContent: person.label, id: `mention-${person.id}` });
    item.setAttribute("role", "option");
    item.dataset.id = person.id;
    item.dataset.label = person.label;
    if (person.note) item.append(Object.assign(document.createElement("small"), { textContent: person.note }));
    if (!index) item.setAttribute("aria-selected", "true");
    item.addEventListener("mousedown", (event) => {
      event.preventDefault();
      choose(area, item);
    });
    list.append(item);
  });
  if (!data.length) list.append(Object.assign(document.createElement("li"), { textContent: none, className: "z-3" }));
  const box = area.getBoundingClientRect();
  document.body.append(list);
  list.style.left = `${box.left + scrollX + 8}px`;
  list.style.top = `${box.bottom + scrollY}px`;
}

on("input", "[data-mention]", async (event, area) => {
  const found = word(area);
  if (!found || !event.isTrusted) return close();
  const mine = (asked += 1);
  const answer = await fetch(`${area.dataset.mention}?q=${encodeURIComponent(found[1])}`, { headers: { Accept: "application/json" } });
  if (answer.ok && mine === asked) draw(area, await answer.json());
});
on("keydown", "[data-mention]", (event, area) => {
  if (!list) return;
  const items = [...list.querySelectorAll("li[data-id]")];
  const now = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    items[now]?.removeAttribute("aria-selected");
    items[(now + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length]?.setAttribute("aria-selected", "true");
  } else if ((event.key === "Enter" || event.key === "Tab") && items.length) choose(area, items[now] ?? items[0]);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
  event.stopPropagation();
});
on("focusout", "[data-mention]", close);
