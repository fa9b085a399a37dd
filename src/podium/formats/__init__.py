"""Formats of others that Podium reads or writes; imports only `errors`."""
