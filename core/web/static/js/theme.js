// Runs before the first paint: applies the theme this browser last used, so that a page never flashes in the other one.
(() => {
  const root = document.documentElement;
  const kept = localStorage.getItem("zhian-theme");
  const wished = root.dataset.bsTheme === "auto" || !root.dataset.bsTheme ? kept : root.dataset.bsTheme;
  const dark = wished === "dark" || (wished !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.bsTheme = dark ? "dark" : "light";
})();
