"""Podium beside Airflow, Prefect and Temporal: their tasks start runs of Podium, and agents of Podium start theirs.

A folder for each, with the same files: `jobs`, agents that start something over there, and `tasks`, what is used over
there to start a run here. What they share is in `job` and `hosted`. May import everything but `cli` and `testing`.
"""
