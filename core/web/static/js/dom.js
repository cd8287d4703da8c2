// Small helpers of all modules: delegated events and texts that the server already translated.

/** Listen on the document for `type` on elements that match `selector`, now and later. */
export function on(type, selector, handler) {
  document.addEventListener(type, (event) => {
    const target = event.target instanceof Element ? event.target.closest(selector) : null;
    if (target) handler(event, target);
  });
}

export const csrf = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

/** Whether a key press belongs to a field and not to the page. */
export const typing = (event) => event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]") !== null;

/** Post a form body with the token; returns the response. */
export function post(url, values, options = {}) {
  const body = new URLSearchParams(values);
  return fetch(url, { method: "POST", body, headers: { "X-CSRF-Token": csrf(), Accept: "application/json" }, ...options });
}
