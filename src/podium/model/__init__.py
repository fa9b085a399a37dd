"""The words of Podium: frozen dataclasses, enums and Protocols.

Imports `errors`, the standard library and `typing_extensions` only.
"""
