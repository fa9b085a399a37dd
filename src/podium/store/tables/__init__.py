"""What backends with tables have in common: rows, pages, lists, and books, over the statements of a backend by name.

Imports `store.journaling`, `store.protocol`, `store.operations`, `store.codec` and `model`.
"""
