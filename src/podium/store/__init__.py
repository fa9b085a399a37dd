"""What is remembered: the only package that touches a disk or a database. Imports `telemetry`, `config`, `model`."""
