// Inside the sandboxed frame of a preview: draws the document that the page posts. The frame has no origin of its own
// rights, its policy lets nothing out, and what was drawn is cleaned before it is shown.
(() => {
  const { docx, DOMPurify } = window;
  const OPTIONS = { renderAltChunks: false, useBase64URL: true, renderComments: false, experimental: false, inWrapper: true };

  /** Styles that would fetch something lose what they would fetch; the policy would refuse it anyway. */
  const closed = (text) => text.replaceAll(/@import[^;]*;/gi, "").replaceAll(/url\(\s*(["']?)(?!data:)[^)]*\)/gi, "none");

  /** Styles in text would need a weaker policy; set one by one they do not. */
  function element(spec) {
    if (typeof spec !== "object" || spec instanceof Node || typeof spec.style !== "string") return docx.defaultOptions.h(spec);
    const { style, ...rest } = spec;
    const made = docx.defaultOptions.h(rest);
    made.style.cssText = closed(style);
    return made;
  }

  async function draw(content) {
    const body = document.createElement("div");
    const styles = document.createElement("div");
    await docx.renderAsync(content, body, styles, { ...OPTIONS, h: element });
    const sheets = [...styles.querySelectorAll("style"), ...body.querySelectorAll("style")].map((style) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(closed(style.textContent));
      style.remove();
      return sheet;
    });
    DOMPurify.sanitize(body, { IN_PLACE: true, FORBID_TAGS: ["style", "form", "input", "iframe", "object", "embed", "base", "meta", "link"], ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|data:image\/(?:png|jpeg|gif|webp);|#)/i });
    for (const link of body.querySelectorAll("a[href]")) if (!link.getAttribute("href").startsWith("#")) link.removeAttribute("href");
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, ...sheets];
    document.body.replaceChildren(...body.childNodes);
  }

  addEventListener("message", async (event) => {
    if (event.source !== parent || !(event.data instanceof ArrayBuffer)) return;
    try {
      await draw(event.data);
      parent.postMessage("drawn", "*");
    } catch {
      parent.postMessage("failed", "*");
    }
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") parent.postMessage("escape", "*");
  });
  parent.postMessage("ready", "*");
})();
