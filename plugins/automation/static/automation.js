// The builder of rules: a field is inserted where the cursor was last.
import { on } from "../core/js/dom.js";

let last = null;

on("focusin", "[data-fill]", (_event, input) => {
  last = input;
});

on("click", "[data-insert]", (_event, button) => {
  const target = last?.isConnected ? last : document.querySelector("#rule-form [data-fill]");
  if (!target) return;
  target.setRangeText(button.dataset.insert, target.selectionStart ?? target.value.length, target.selectionEnd ?? target.value.length, "end");
  target.focus();
});
