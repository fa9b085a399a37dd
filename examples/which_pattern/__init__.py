"""Which pattern when: the patterns side by side on one task with known answers.

python -m examples.which_pattern
"""
