"""The store on SQLite, one file in WAL mode or `:memory:`: statements, and nothing that another backend must do alike.

Imports `store.journaling`, `store.protocol`, `store.operations`, `store.codec` and `model`.
"""
