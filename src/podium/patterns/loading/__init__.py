"""How a pattern is read from what is written down: JSON, or a team in YAML.

May import what patterns may: of the engine only `context`, `primitive` and `workflow`. It opens no file; modules that
are named are imported.
"""
