// Alpine components of the shell (CSP build: only names in attributes, all logic here). Plugins add theirs on `zhian:alpine`.
export const components = {
  /** Composer of a record: what kind of entry is written. */
  composer: () => ({
    visibility: "internal",
    init() {
      this.visibility = this.$el.dataset.visibility ?? "internal";
    },
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
    get tone() {
      return this.isClient ? "is-client" : "";
    },
    get seenBy() {
      return this.$el.dataset[this.visibility];
    },
  }),
};
