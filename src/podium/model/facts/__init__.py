"""What facts say: a class for each kind of fact, or for each shape that a kind can have.

Facts are written as one of these classes and read as one: `fact.content`. How they are stored stands in `content`; each
field says what a redaction leaves of it.
"""
