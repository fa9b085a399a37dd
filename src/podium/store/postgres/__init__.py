"""The store on PostgreSQL, in a schema of its own: statements, and nothing that another backend must do alike.

Imports `store.journaling`, `store.protocol`, `store.operations`, `store.codec` and `model`.
"""
