// Sign-in page: show the password, fill in a demo account.
document.addEventListener("click", (event) => {
  const reveal = event.target.closest("[data-reveal]");
  if (reveal) {
    const field = document.getElementById(reveal.dataset.reveal);
    field.type = field.type === "password" ? "text" : "password";
    reveal.setAttribute("aria-pressed", String(field.type === "text"));
  }
  const fill = event.target.closest("[data-fill]");
  if (fill) {
    document.getElementById("u").value = fill.dataset.fill;
    document.getElementById("p").value = fill.dataset.fillPassword;
    document.querySelector("button.go").focus();
  }
});
