"""The command line: imports `app`, `handle`, `store`, `config`, `model` and `errors`."""
