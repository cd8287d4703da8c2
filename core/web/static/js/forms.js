// Forms: focus on the first error, single facts in place, sections that depend on choices, rows, auto-submitting selects.
import { csrf, on, post } from "./dom.js";

document.querySelector(".z-form [aria-invalid=true]")?.focus();

// A fact becomes its input on click or by its button; Esc or Cancel restores.
async function editInPlace(place) {
  if (place.querySelector("form")) return;
  place.before_ = place.innerHTML;
  await window.htmx.ajax("GET", place.dataset.edit, { target: place, swap: "innerHTML" });
  const input = place.querySelector("input:not([type=hidden]), select, textarea");
  input?.focus();
  input?.select?.();
}

function restore(form) {
  const place = form.closest("[data-edit]");
  place.innerHTML = place.before_;
  place.querySelector("button")?.focus();
}

for (const place of document.querySelectorAll("dd[data-edit]")) {
  const button = document.querySelector("template[data-edit-button]").content.firstElementChild.cloneNode(true);
  button.setAttribute("aria-label", `${button.getAttribute("aria-label")} ${place.previousElementSibling.textContent}`);
  place.append(button);
}
on("click", "dd[data-edit]", (event, place) => {
  if (event.target.closest("a, form") || String(getSelection())) return;
  editInPlace(place);
});
on("click", "[data-inline-cancel]", (event, link) => {
  event.preventDefault();
  restore(link.closest("form"));
});
on("keydown", ".z-inline", (event, form) => {
  if (event.key === "Escape") {
    event.stopPropagation();
    restore(form);
  }
});

// A choice may decide which sections of the form apply: they are asked for anew, with everything typed so far. Where
// the form says which choices do (data-reform-by), the others change nothing. Files that were chosen stay chosen.
on("change", "[data-reform] select", async (event, select) => {
  const place = select.closest("[data-reform]");
  const deciding = place.dataset.reformBy?.split(" ");
  if (deciding && !deciding.includes(select.name)) return;
  const answer = await post(place.dataset.reform, new FormData(select.form), { headers: { "X-CSRF-Token": csrf(), "HX-Request": "true" } });
  if (!answer.ok) return;
  const files = [...place.querySelectorAll("input[type=file]")].filter((file) => file.files.length);
  place.innerHTML = await answer.text();
  for (const file of files) document.getElementById(file.id)?.replaceWith(file);
  document.getElementById(select.id)?.focus();
});

on("change", "[data-submit-on-change]", (event, element) => element.form.requestSubmit());
on("change", "input[type=file][data-submit-on-choose]", (event, element) => element.files.length && element.form.requestSubmit());

// Rows inside a form: the blank one is copied with a number of its own; a stored one that goes is only marked.
let rowsMade = 0;
on("click", "[data-row-add]", (event, button) => {
  const place = button.closest("[data-rows]");
  const holder = document.createElement("tbody");
  rowsMade += 1;
  holder.innerHTML = place.querySelector("template").innerHTML.replaceAll("__n__", `new${Date.now()}${rowsMade}`);
  const row = holder.firstElementChild;
  place.querySelector("tbody").append(row);
  row.querySelector("input:not([type=hidden]), select, textarea")?.focus();
});
on("click", "[data-row-remove]", (event, button) => {
  const row = button.closest("[data-row]");
  const next = row.nextElementSibling ?? row.closest("[data-rows]").querySelector("[data-row-add]");
  if (row.querySelector("[name$='-id']")) {
    row.querySelector("[name$='-gone']").value = "1";
    row.hidden = true;
  } else row.remove();
  (next.matches?.("button") ? next : next.querySelector("input:not([type=hidden]), select, button"))?.focus();
});
