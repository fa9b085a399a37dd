"""What a process runs once: the group commit, timers, streams, the heartbeat.

May import `store` and what is below it.
"""
