// The link picker: types, asks the server, chooses with mouse or keyboard. The hidden input carries the id.
import { on } from "./dom.js";

const timers = new WeakMap();

function parts(box) {
  return { hidden: box.querySelector("input[type=hidden]"), input: box.querySelector("input[role=combobox]"), list: box.querySelector("ul") };
}

function close(box) {
  const { input, list } = parts(box);
  list.hidden = true;
  input.setAttribute("aria-expanded", "false");
}

async function fill(box) {
  const { input, list } = parts(box);
  const source = new URL(box.dataset.combo, location.origin);
  source.searchParams.set("q", input.value);
  const answer = await fetch(source, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const { data, none } = await answer.json();
  list.replaceChildren(
    ...data.map((row, index) => {
      const item = document.createElement("li");
      item.role = "option";
      item.id = `${input.id}-o${index}`;
      item.dataset.id = row.id;
      item.dataset.label = row.label;
      item.textContent = row.label;
      if (row.note) item.append(Object.assign(document.createElement("small"), { textContent: row.note }));
      return item;
    }),
  );
  if (!data.length) list.append(Object.assign(document.createElement("li"), { textContent: none, className: "z-3" }));
  list.hidden = false;
  input.setAttribute("aria-expanded", "true");
}

function choose(box, item) {
  if (!item?.dataset.id) return;
  const { hidden, input } = parts(box);
  hidden.value = item.dataset.id;
  input.value = item.dataset.label;
  hidden.dispatchEvent(new Event("change", { bubbles: true }));
  close(box);
}

on("input", "[data-combo] input[role=combobox]", (event, input) => {
  const box = input.closest("[data-combo]");
  parts(box).hidden.value = "";
  clearTimeout(timers.get(box));
  timers.set(box, setTimeout(() => fill(box), 160));
});
on("focusin", "[data-combo] input[role=combobox]", (event, input) => input.select());
on("click", "[data-combo] input[role=combobox]", (event, input) => fill(input.closest("[data-combo]")));
on("mousedown", "[data-combo] li", (event, item) => {
  event.preventDefault();
  choose(item.closest("[data-combo]"), item);
});
on("focusout", "[data-combo]", (event, box) => {
  if (box.contains(event.relatedTarget)) return;
  const { hidden, input } = parts(box);
  if (!hidden.value) input.value = "";
  close(box);
});
on("keydown", "[data-combo] input[role=combobox]", (event, input) => {
  const box = input.closest("[data-combo]");
  const { list } = parts(box);
  const items = [...list.querySelectorAll("li[data-id]")];
  const now = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (list.hidden) return void fill(box);
    items[now]?.removeAttribute("aria-selected");
    const next = items[(now + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length];
    next?.setAttribute("aria-selected", "true");
    if (next) input.setAttribute("aria-activedescendant", next.id);
    next?.scrollIntoView({ block: "nearest" });
  } else if (event.key === "Enter" && !list.hidden) {
    event.preventDefault();
    choose(box, items[now] ?? items[0]);
  } else if (event.key === "Escape" && !list.hidden) {
    event.stopPropagation();
    close(box);
  }
});
