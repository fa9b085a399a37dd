"""Suites of behaviours that every implementation of a seam must show. Subclass one in a test module and run pytest.

They import no pytest: what a test needs is made by the methods that a subclass gives.
"""
