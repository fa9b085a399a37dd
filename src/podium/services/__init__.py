"""What a process runs once: the group commit, timers, streams, the heartbeat, the time of the store, who serves what.

May import `store` and what is below it.
"""
