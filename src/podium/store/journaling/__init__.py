"""What every backend must do alike, once: chain, group commit, inbox, budgets, escrows, ledger, redaction.

It is decided here, in plain Python, over what a backend answers in a `Transaction`; a backend has statements only.
Imports `store.operations`, `store.codec` and `model`; no database, and no backend.
"""
