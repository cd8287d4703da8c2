// Lists: groups that open and close, heads that sort by several fields, columns that are dragged wider or elsewhere.
import { on, post } from "./dom.js";
import { toast } from "./shell.js";

const tableOf = () => document.querySelector("table[data-list]");
const keep = (values) => post(tableOf().dataset.layout, { here: tableOf().dataset.here, ...values }, { keepalive: true });

// Groups: what lies below a head carries its path; a closed one is asked for when it is opened first.
const below = (path) => [...tableOf().querySelectorAll("tr[data-in], tr[data-grp]")].filter((row) => {
  const own = row.dataset.in ?? row.dataset.grp;
  return row.dataset.in === path || (own !== path && own.startsWith(`${path},`));
});

on("click", "[data-grp-toggle]", async (event, button) => {
  const head = button.closest("tr");
  const open = button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", String(open));
  head.classList.toggle("is-closed", !open);
  const from = button.dataset.grpFrom;
  if (open && from) {
    delete button.dataset.grpFrom;
    await window.htmx.ajax("GET", from, { target: head, swap: "afterend" });
    return;
  }
  for (const row of below(head.dataset.grp)) row.hidden = !open;
  if (open) for (const inner of below(head.dataset.grp)) if (inner.matches(".grp.is-closed")) for (const row of below(inner.dataset.grp)) row.hidden = true;
});

// Sorting: Shift adds a field; the order is remembered for the next time.
on("click", "table[data-list] th a[data-further]", (event, link) => {
  if (event.shiftKey) {
    event.preventDefault();
    event.stopImmediatePropagation();
    window.htmx.ajax("GET", link.dataset.further, { target: "#list", swap: "outerHTML", push: "true" }).then(() => history.replaceState(history.state, "", link.dataset.further));
  }
  const sort = new URL(event.shiftKey ? link.dataset.further : link.href, location.origin).searchParams.get("sort");
  if (sort) keep({ sort });
});

// Widths: a drag on the edge of a head; all columns keep the width that they have then.
function measured(table) {
  const heads = [...table.tHead.rows[0].cells];
  return [...table.querySelectorAll("col")].map((col, at) => [col, Math.round(heads[at].getBoundingClientRect().width)]);
}

on("pointerdown", "table[data-list] [data-grip]", (event, grip) => {
  event.preventDefault();
  const table = grip.closest("table");
  const cols = measured(table);
  const head = grip.closest("th");
  const [col, start] = cols[head.cellIndex];
  for (const [each, width] of cols) each.width = width;
  table.classList.add("is-fixed");
  grip.classList.add("is-on");
  grip.setPointerCapture(event.pointerId);
  const move = (now) => {
    col.width = Math.min(900, Math.max(48, start + now.clientX - event.clientX));
  };
  grip.addEventListener("pointermove", move);
  grip.addEventListener("pointerup", () => {
    grip.removeEventListener("pointermove", move);
    grip.classList.remove("is-on");
    keep({ cols: cols.slice(1).map(([each]) => `${each.dataset.col}:${each.width}`).join(",") });
    freeze();
  }, { once: true });
});
on("click", "table[data-list] [data-grip]", (event) => event.stopPropagation());

// Frozen columns stand one beside the other; a line shows that something lies beneath them.
function freeze() {
  const table = tableOf();
  const box = table?.closest(".z-scroll.is-frozen");
  if (!box) return;
  const heads = [...table.tHead.rows[0].cells];
  let left = heads[0].offsetWidth;
  for (const [at, name] of [[1, null], [2, "--z-fz2"], [3, "--z-fz3"]]) {
    if (name) table.style.setProperty(name, `${left}px`);
    left += heads[at]?.offsetWidth ?? 0;
  }
  box.onscroll = () => box.classList.toggle("is-moved", box.scrollLeft > 0);
}
addEventListener("resize", freeze);
document.addEventListener("htmx:after:swap", freeze);
freeze();

// The list of columns: dragged, or moved with Alt and an arrow key, or with its buttons.
function moveColumn(row, way) {
  const focused = document.activeElement;
  if (way === "up") row.previousElementSibling?.before(row);
  else row.nextElementSibling?.after(row);
  const rows = [...row.parentElement.children];
  row.closest("form").querySelector("[data-cols-said]").textContent = `${row.dataset.name}: ${rows.indexOf(row) + 1} / ${rows.length}`;
  (row.contains(focused) ? focused : row.querySelector("input:not([type=hidden])")).focus();
}
on("click", "[data-col-move]", (event, button) => moveColumn(button.closest("[data-col-row]"), button.dataset.colMove));
on("keydown", "[data-col-row]", (event, row) => {
  const way = { ArrowUp: "up", ArrowDown: "down" }[event.key];
  if (!event.altKey || !way) return;
  event.preventDefault();
  event.stopPropagation();
  moveColumn(row, way);
});
on("pointerover", "[data-cols]:not([data-ready])", async (event, list) => {
  list.dataset.ready = "1";
  const { default: Sortable } = await import("../vendor/sortable/sortable.esm.js");
  Sortable.create(list, { handle: "[data-col-grip]", animation: 120, ghostClass: "is-ghost", delay: 120, delayOnTouchOnly: true });
});

// Saved views: fields of the dialog that depend on whom it is for; the address to copy.
on("change", "dialog select", (event, select) => {
  for (const part of select.closest("form")?.querySelectorAll(`[data-when^="${select.name}="]`) ?? []) part.hidden = part.dataset.when !== `${select.name}=${select.value}`;
});
on("click", ".z-views-do [data-copy]", async (event, button) => {
  await navigator.clipboard?.writeText(new URL(button.dataset.copy, location.origin).href);
  button.closest("details").open = false;
  toast(button.dataset.told);
});
