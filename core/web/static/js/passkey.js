// Passkeys: asks the browser's authenticator and sends its answer with the form around it. WebAuthn level 2.
const toOctets = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0)).buffer;
const toText = (octets) =>
  btoa(String.fromCharCode(...new Uint8Array(octets))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function prepared(options) {
  options.challenge = toOctets(options.challenge);
  if (options.user) options.user.id = toOctets(options.user.id);
  for (const list of [options.allowCredentials, options.excludeCredentials]) {
    for (const entry of list || []) entry.id = toOctets(entry.id);
  }
  return options;
}

function told(credential) {
  const { response } = credential;
  const answer = { clientDataJSON: toText(response.clientDataJSON) };
  if (response.attestationObject) {
    answer.attestationObject = toText(response.attestationObject);
    answer.transports = response.getTransports ? response.getTransports() : [];
  } else {
    answer.authenticatorData = toText(response.authenticatorData);
    answer.signature = toText(response.signature);
    if (response.userHandle) answer.userHandle = toText(response.userHandle);
  }
  return { id: credential.id, rawId: toText(credential.rawId), type: credential.type, response: answer, clientExtensionResults: {} };
}

async function ask(form) {
  const headers = { "X-CSRF-Token": form.elements.csrf_token.value, Accept: "application/json" };
  const answer = await fetch(form.dataset.passkey, { method: "POST", headers });
  if (answer.status === 403 || answer.redirected) {
    location.assign(`${form.action.replace(/\/security\/.*$/, "")}/confirm?next=${encodeURIComponent(location.pathname)}`);
    return null;
  }
  if (!answer.ok) throw new Error(`answer ${answer.status}`);
  return answer.json();
}

async function sign(form) {
  const question = await ask(form);
  if (!question) return;
  const publicKey = prepared(question.options);
  const credential = "passkeyNew" in form.dataset
    ? await navigator.credentials.create({ publicKey })
    : await navigator.credentials.get({ publicKey });
  form.elements.handle.value = question.handle;
  form.elements.credential.value = JSON.stringify(told(credential));
  form.submit();
}

if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const button = form.querySelector("button");
      const fault = form.querySelector("[data-passkey-fault]");
      fault.hidden = button.disabled = true;
      sign(form).catch(() => { fault.hidden = false; }).finally(() => { button.disabled = false; });
    });
  }
}
