"""What people and monitors change about runs, and how the ledger is sealed.

May import the engine and what is below it.
"""
