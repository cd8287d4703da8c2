// Sidebar folding, theme, toasts, password reveal.
import { on, post } from "./dom.js";

on("click", "[data-fold]", () => {
  const folded = document.getElementById("shell").classList.toggle("is-folded");
  document.cookie = `zhian_fold=${folded ? 1 : 0}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
});

on("click", "[data-theme-set]", (event, button) => {
  event.preventDefault();
  const theme = button.dataset.themeSet;
  document.documentElement.dataset.bsTheme = theme;
  localStorage.setItem("zhian-theme", theme);
  post(button.form.action, { theme }).then(() => location.reload());
});

const LIFE = { done: 6000, today: 6000, overdue: 0 };

function live(toast) {
  if (toast.dataset.live) return;
  toast.dataset.live = "1";
  const ms = toast.querySelector("a, [data-undo]") ? 10000 : LIFE[toast.dataset.toast] ?? 6000;
  if (ms) setTimeout(() => toast.remove(), ms);
}

const toasts = document.getElementById("toasts");
if (toasts) {
  toasts.querySelectorAll("[data-toast]").forEach(live);
  new MutationObserver(() => toasts.querySelectorAll("[data-toast]").forEach(live)).observe(toasts, { childList: true });
}

/** Show a line at the bottom left; `level` is a moon: done, today, overdue. */
export function toast(text, level = "done") {
  const template = document.querySelector(`template[data-toast-for="${level}"]`);
  if (!template) return;
  const line = template.content.firstElementChild.cloneNode(true);
  line.querySelector("span").textContent = text;
  toasts.append(line);
}

document.addEventListener("htmx:response:error", (event) => {
  const told = event.detail?.ctx?.response?.headers?.get("X-Zhian-Message");
  if (told) toast(decodeURIComponent(told), "overdue");
});
