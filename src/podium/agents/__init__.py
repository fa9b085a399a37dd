"""Everybody who can be called, a file for each sort; imports `podium.model`, `podium.errors` and third parties only."""
