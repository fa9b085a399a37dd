"""The command line: imports `app`, `handle`, `patterns`, `store`, `config`, `model` and `errors`."""
