"""What agents of all frameworks share: imports no framework, only `podium.model`, `podium.errors` and neighbours."""
