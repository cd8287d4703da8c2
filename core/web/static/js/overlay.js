// Menus close on a click outside and on Esc; dialogs and peek panels are native <dialog> elements.
import { on } from "./dom.js";

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.z-menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  const open = document.querySelector("details.z-menu[open]");
  if (event.key === "Escape" && open) {
    open.open = false;
    open.querySelector("summary").focus();
  }
  if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    const items = [...open.querySelectorAll(".it")];
    const next = items.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    items[(next + items.length) % items.length]?.focus();
    event.preventDefault();
  }
});

on("click", "[data-dialog]", (event, opener) => {
  event.preventDefault();
  const dialog = document.getElementById(opener.dataset.dialog);
  opener.closest("details.z-menu")?.removeAttribute("open");
  dialog?.showModal();
  dialog?.querySelector("[autofocus], .bd input:not([type=hidden]), .bd select, .bd textarea")?.focus();
});

on("click", "[data-close]", (event, button) => {
  const box = button.closest("dialog, .z-toast");
  if (box instanceof HTMLDialogElement) box.close();
  else box?.remove();
});

on("click", "dialog", (event, dialog) => {
  if (event.target === dialog) dialog.close();
});

on("submit", "form", (event, form) => {
  const asked = event.submitter?.dataset.confirm ?? form.dataset.confirm;
  if (asked && !confirm(asked)) event.preventDefault();
});

// A menu whose content is loaded when it first opens.
document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.matches?.("details[data-lazy][open]")) event.target.querySelector(".box")?.dispatchEvent(new Event("lazy:open"));
  },
  true,
);

// Dialogs that the server fills: data-ask holds the address of the form.
on("click", "[data-ask]", async (event, opener) => {
  const dialog = document.getElementById("ask");
  if (!dialog || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  opener.closest("details.z-menu")?.removeAttribute("open");
  await window.htmx.ajax("GET", opener.dataset.ask, { target: "#ask-body", swap: "innerHTML" });
  dialog.showModal();
  dialog.querySelector("[aria-invalid=true], .bd input:not([type=hidden]), .bd select, .bd textarea")?.focus();
});
