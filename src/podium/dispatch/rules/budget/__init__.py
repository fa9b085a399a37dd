"""Budgets and prices: what calls cost, set aside before and settled after."""
