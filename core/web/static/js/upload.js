// Files by drag and by paste: dropped anywhere on a record's page, or a picture out of the clipboard; several at once.
import { csrf } from "./dom.js";
import { toast } from "./shell.js";

const place = document.querySelector("[data-drop]");
const target = place.dataset.drop;
const sheet = document.getElementById("uploads");

const carries = (transfer) => [...(transfer?.types ?? [])].includes("Files");

function named(file) {
  if (file.name && file.name !== "image.png") return file;
  const at = new Date();
  const two = (number) => String(number).padStart(2, "0");
  const stamp = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}.${two(at.getMinutes())}.${two(at.getSeconds())}`;
  return new File([file], `${place.dataset.pasted} ${stamp}.${file.type.split("/")[1] ?? "png"}`, { type: file.type });
}

function line(file) {
  const row = sheet.querySelector("template").content.firstElementChild.cloneNode(true);
  row.querySelector("[data-name]").textContent = file.name;
  sheet.querySelector("ul").append(row);
  return row;
}

/** One file with its bar; resolves to whether it was stored. */
function send(file) {
  const row = line(file);
  const bar = row.querySelector("progress");
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("file", file, file.name);
    request.open("POST", target);
    request.setRequestHeader("X-CSRF-Token", csrf());
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = event.loaded / event.total;
    });
    const end = (ok, words) => {
      row.classList.add(ok ? "is-done" : "is-failed");
      row.querySelector("[data-state]").textContent = words;
      bar.hidden = true;
      resolve(ok);
    };
    request.addEventListener("load", () => {
      const ok = request.status < 300;
      let words = ok ? sheet.dataset.stored : sheet.dataset.failed;
      try {
        words = JSON.parse(request.responseText).message ?? words;
      } catch {
        // an answer without words of its own
      }
      end(ok, words);
    });
    request.addEventListener("error", () => end(false, sheet.dataset.failed));
    request.send(body);
  });
}

async function take(files) {
  if (!files.length) return;
  sheet.hidden = false;
  const stored = [];
  for (const file of files) stored.push(await send(named(file)));
  if (stored.every(Boolean)) location.assign(place.dataset.after);
  else if (stored.some(Boolean)) toast(sheet.dataset.some, "today");
}

let depth = 0;
const over = (is) => document.body.classList.toggle("is-dropping", is);
addEventListener("dragenter", (event) => {
  if (!carries(event.dataTransfer)) return;
  depth += 1;
  over(true);
});
addEventListener("dragleave", (event) => {
  if (!carries(event.dataTransfer)) return;
  depth = Math.max(0, depth - 1);
  over(depth > 0);
});
addEventListener("dragover", (event) => {
  if (carries(event.dataTransfer)) event.preventDefault();
});
addEventListener("drop", (event) => {
  if (!carries(event.dataTransfer)) return;
  depth = 0;
  over(false);
  if (event.target instanceof Element && event.target.closest("input[type=file]")) return;
  event.preventDefault();
  take([...event.dataTransfer.files]);
});
addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (!files.length) return;
  event.preventDefault();
  take(files);
});
sheet.querySelector("[data-hide]").addEventListener("click", () => {
  sheet.hidden = true;
  sheet.querySelector("ul").replaceChildren();
});
place.dataset.ready = "";
