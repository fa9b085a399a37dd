"""Delegations: who may act for whom, by signed tokens."""
