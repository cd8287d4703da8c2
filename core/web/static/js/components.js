// Alpine components of the shell (CSP build: only names in attributes, all logic here). Plugins add theirs on `zhian:alpine`.
export const components = {
  /** Composer of a record: what kind of entry is written. */
  composer: () => ({
    visibility: "internal",
    internal() {
      this.visibility = "internal";
    },
    client() {
      this.visibility = "client";
    },
    get isInternal() {
      return this.visibility === "internal";
    },
    get isClient() {
      return this.visibility === "client";
    },
  }),
  /** The form that adds a filter: shows the value field that fits the chosen column. */
  filterForm: () => ({
    field: "",
    init() {
      this.field = this.$el.querySelector("select")?.value ?? "";
      this.show();
    },
    choose(event) {
      this.field = event.target.value;
      this.show();
    },
    show() {
      for (const part of this.$el.querySelectorAll("[data-for]")) {
        part.hidden = part.dataset.for !== this.field;
        for (const input of part.querySelectorAll("input, select")) input.disabled = part.hidden;
      }
    },
  }),
};
