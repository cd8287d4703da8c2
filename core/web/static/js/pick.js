// File inputs in the page's own language: browsers label theirs in the language of the browser. The input itself lies,
// unseen, over our words, so click, drop, keyboard and label work as ever; without scripts it is simply shown.
const words = () => document.body.dataset;

function told(input) {
  const names = [...input.files].map((file) => file.name);
  if (names.length === 0) return words().pickNone ?? "";
  return names.length === 1 ? names[0] : `${names[0]} +${names.length - 1}`;
}

function show(input) {
  const box = input.closest(".z-pick");
  if (!box) return;
  box.querySelector(".z-pick-n").textContent = told(input);
  box.classList.toggle("is-filled", input.files.length > 0);
}

function dress(input) {
  if (input.closest(".z-pick")) return show(input);
  if (!words().pick) return;
  const box = document.createElement("span");
  box.className = "z-pick";
  for (const [name, text] of [["z-pick-b", words().pick], ["z-pick-n", ""]]) {
    const part = document.createElement("span");
    part.className = name;
    part.textContent = text;
    part.setAttribute("aria-hidden", "true");
    box.append(part);
  }
  input.replaceWith(box);
  box.append(input);
  show(input);
}

const PICKS = "input.z-input[type=file]";
const all = (root) => {
  if (root.matches?.(PICKS)) dress(root);
  root.querySelectorAll?.(PICKS).forEach(dress);
};
all(document);
document.addEventListener("change", (event) => event.target.matches?.(PICKS) && show(event.target));
new MutationObserver((changes) => {
  for (const change of changes) for (const node of change.addedNodes) all(node);
}).observe(document.body, { childList: true, subtree: true });
