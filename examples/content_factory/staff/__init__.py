"""The agents of the content factory: small, offline, and each does one real job."""
