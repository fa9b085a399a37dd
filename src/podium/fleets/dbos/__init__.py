"""The fleet that places runs through DBOS's queues, on the PostgreSQL of the store. Needs `podium[dbos]`.

DBOS decides when a run is driven and in which process: by priority, within bounds for the whole fleet. What it has of a
run is a **placement**: one workflow of DBOS for one stretch in which the run is ready and then driven. Who owns the run
is decided by the store alone. A placement that is lost is found, one too many ends at once, and one of a dead process
is resumed by another.
"""
