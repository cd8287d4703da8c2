// Previews: a file opens in a dialog over the page; arrows walk through the files of the record. Documents are drawn in
// a sandboxed frame that gets the content by a message and can reach nothing.
import { on } from "./dom.js";

const viewer = document.getElementById("viewer");

async function show(address) {
  await window.htmx.ajax("GET", address, { target: "#viewer", swap: "innerHTML" });
  if (!viewer.open) viewer.showModal();
  viewer.dataset.address = address;
  const frame = viewer.querySelector("iframe[data-docx]");
  if (frame) drawDocument(frame);
  viewer.querySelector("[data-close]")?.focus();
}

function drawDocument(frame) {
  const say = (state) => (frame.closest(".z-view").dataset.state = state);
  const listen = async (event) => {
    if (event.source !== frame.contentWindow) return;
    if (event.data === "ready") {
      const answer = await fetch(frame.dataset.docx);
      if (!answer.ok) return say("failed");
      const content = await answer.arrayBuffer();
      frame.contentWindow?.postMessage(content, "*", [content]);
    } else {
      say(event.data === "drawn" ? "drawn" : "failed");
      removeEventListener("message", listen);
    }
  };
  say("waiting");
  addEventListener("message", listen);
  frame.src = frame.dataset.src;
}

on("click", "[data-preview]", (event, link) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || !viewer) return;
  event.preventDefault();
  show(link.dataset.preview);
});

viewer?.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: "before", ArrowRight: "after" }[event.key];
  if (step) viewer.querySelector(`[data-step="${step}"]`)?.click();
});
// A key that was pressed inside the frame of a document.
addEventListener("message", (event) => {
  if (event.data === "escape" && event.source === viewer?.querySelector("iframe")?.contentWindow) viewer.close();
});
viewer?.addEventListener("close", () => viewer.replaceChildren());
