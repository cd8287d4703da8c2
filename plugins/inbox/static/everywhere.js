// On every page: the live count, the bell's panel, the pop-up of fatal messages, and acts of the centre in place.
import { csrf, on, post, typing } from "../core/js/dom.js";
import { toast } from "../core/js/shell.js";

const POLL = 30000;
const AGAIN = 300000;
const bell = document.querySelector('.z-top a.z-ib[href="/inbox"]');
const tabs = "BroadcastChannel" in window ? new BroadcastChannel("zhian-inbox") : null;
let known = null;

/* ---- count and pop-up ---- */
function showCount(unread) {
  const short = unread < 100 ? String(unread) : "99+";
  let dot = bell.querySelector(".z-dot");
  if (unread && !dot) {
    dot = document.createElement("span");
    dot.className = "z-dot";
    bell.append(dot);
  }
  if (dot) {
    if (unread) dot.textContent = short;
    else dot.remove();
  }
  const item = document.querySelector('.z-nav a[href="/inbox"]');
  let count = item?.querySelector(".z-count");
  if (item && unread && !count) {
    count = document.createElement("span");
    count.className = "z-count";
    item.append(count);
  }
  if (count) {
    if (unread) count.textContent = String(unread);
    else count.remove();
  }
}

function showStrong(markup) {
  const old = document.querySelector(".inbox-strong");
  const parsed = new DOMParser().parseFromString(markup, "text/html").querySelector(".inbox-strong");
  if (!parsed) {
    old?.remove();
    return;
  }
  const phone = !old && matchMedia("(max-width:767px)").matches;
  fold(parsed, phone || sessionStorage.getItem("zhian-inbox-folded") === parsed.dataset.newest);
  if (old) old.replaceWith(parsed);
  else document.body.append(parsed);
}

function fold(box, folded) {
  box.classList.toggle("is-folded", folded);
  box.querySelector("[data-inbox-fold]")?.setAttribute("aria-expanded", String(!folded));
}

async function refresh() {
  const answer = await fetch("/inbox/state", { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const state = await answer.json();
  showCount(state.unread);
  showStrong(state.strong);
  if (known && state.newest && state.newest.id > known.id) toast(state.newest.subject, "today");
  known = state.newest ?? { id: known?.id ?? 0 };
}

/* ---- live: one tab of the browser listens, the others are told; without a stream each visible tab asks ---- */
let polling = 0;

function poll() {
  if (!polling) polling = setInterval(() => document.hidden || refresh(), POLL);
}

function listen(release) {
  const source = new EventSource("/inbox/stream");
  let first = true;
  source.addEventListener("inbox", () => {
    clearInterval(polling);
    polling = 0;
    if (!first) {
      refresh();
      tabs?.postMessage("changed");
    }
    first = false;
  });
  source.addEventListener("error", () => {
    if (source.readyState !== EventSource.CLOSED) return;
    poll();
    setTimeout(() => listen(release), AGAIN);
  });
}

function begin() {
  refresh();
  tabs?.addEventListener("message", refresh);
  setTimeout(() => {
    if (!navigator.locks) {
      poll();
      return;
    }
    poll();
    navigator.locks.request("zhian-inbox", () => new Promise(listen));
  }, 1500);
}

/* ---- the bell's panel ---- */
let panel = null;

function closePanel() {
  if (!panel || panel.hidden) return;
  panel.hidden = true;
  bell.setAttribute("aria-expanded", "false");
  bell.focus();
}

async function openPanel() {
  if (!panel) {
    panel = document.createElement("section");
    panel.className = "inbox-panel";
    panel.hidden = true;
    panel.setAttribute("role", "dialog");
    panel.setAttribute("aria-label", bell.getAttribute("aria-label"));
    document.body.append(panel);
  }
  const answer = await fetch("/inbox/panel").catch(() => null);
  if (!answer?.ok || answer.redirected) {
    location.assign("/inbox");
    return;
  }
  panel.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
  panel.hidden = false;
  bell.setAttribute("aria-expanded", "true");
  panel.querySelector("a, button")?.focus();
}

function useBell() {
  bell.setAttribute("aria-expanded", "false");
  bell.setAttribute("aria-haspopup", "dialog");
  bell.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || matchMedia("(max-width:767px)").matches) return;
    event.preventDefault();
    if (panel && !panel.hidden) closePanel();
    else openPanel();
  });
  document.addEventListener("click", (event) => {
    if (panel && !panel.hidden && !panel.contains(event.target) && !bell.contains(event.target)) closePanel();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closePanel();
  });
  on("click", "[data-inbox-close]", closePanel);
}

/* ---- acts in place ---- */
async function act(form, submitter) {
  const values = new FormData(form);
  if (submitter?.name) values.set(submitter.name, submitter.value);
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(values), headers: { "X-CSRF-Token": csrf() } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const list = document.getElementById("inbox-list");
  const fresh = page.getElementById("inbox-list");
  if (list && fresh && !form.closest(".inbox-panel, .inbox-strong")) list.replaceWith(fresh);
  else if (list) location.reload();
  for (const line of page.querySelectorAll("#toasts [data-toast]")) document.getElementById("toasts")?.append(line);
  await refresh();
  tabs?.postMessage("changed");
  if (panel && !panel.hidden) await openPanel();
}

on("submit", "form[data-inbox-act]", (event, form) => {
  event.preventDefault();
  act(form, event.submitter).catch(() => form.submit());
});

on("click", "[data-inbox-open]", (event, link) => {
  post("/inbox/mark", { ids: link.dataset.inboxOpen, as: "read" }, { keepalive: true, redirect: "manual" });
});

on("change", "[data-inbox-filter] select", (event, select) => select.form.submit());

on("click", "[data-inbox-fold]", (event, button) => {
  const box = button.closest(".inbox-strong");
  fold(box, !box.classList.contains("is-folded"));
  if (box.classList.contains("is-folded")) sessionStorage.setItem("zhian-inbox-folded", box.dataset.newest);
  else sessionStorage.removeItem("zhian-inbox-folded");
});

on("click", "[data-inbox-ways]", async (event, button) => {
  const box = button.closest("tr").querySelector(".inbox-ways");
  if (box.hidden && !box.childElementCount) {
    const answer = await fetch(`/inbox/${button.dataset.inboxWays}/ways`);
    if (answer.ok) box.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
  }
  box.hidden = !box.hidden;
  button.setAttribute("aria-expanded", String(!box.hidden));
});

document.addEventListener("keydown", (event) => {
  if (typing(event) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (document.documentElement.dataset.keys === "off") return;
  document.querySelector(`#inbox-list tr.is-focus [data-inbox-key="${CSS.escape(event.key)}"]`)?.click();
});

if (bell) {
  useBell();
  begin();
}
