"""The store on SQLite: one file in WAL mode, or `:memory:`. Imports `store.protocol`, `store.codec` and `model`."""
