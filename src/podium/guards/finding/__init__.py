"""Finds what tells who a person is. Every pattern takes time in proportion to the text: bounded, without ambiguity."""
