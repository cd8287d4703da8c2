// The workshop of a template: preview while one types, fields inserted where the cursor stands, a search over them.
const form = document.querySelector("#template-form");
const body = document.querySelector("#f-body");
const show = document.querySelector("#show");
const record = document.querySelector("#f-record");
const PAUSE = 900;
let waiting;

const preview = () => {
  if (record.value) form.requestSubmit(show);
};

const soon = () => {
  clearTimeout(waiting);
  waiting = setTimeout(preview, PAUSE);
};

const insert = (name) => {
  const text = name.includes("[]") ? name.split("[]").at(-1).replace(/^\./, "item.") : name;
  const from = body.selectionStart;
  body.setRangeText(`{{ ${text} }}`, from, body.selectionEnd, "end");
  body.focus();
  soon();
};

form.addEventListener("input", soon);
record.addEventListener("change", preview);
document.querySelector("#field-list").addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-field]");
  if (chosen) insert(chosen.dataset.field);
});
document.querySelector("#field-search").addEventListener("input", (event) => {
  const word = event.target.value.trim().toLowerCase();
  for (const item of document.querySelectorAll("#field-list li")) {
    item.hidden = word !== "" && !item.textContent.toLowerCase().includes(word);
  }
});
preview();
