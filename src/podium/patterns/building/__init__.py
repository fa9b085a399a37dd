"""What every pattern is made with: who takes part, what each is given, how it is drawn and written down.

May import what patterns may: of the engine only `context`, `primitive` and `workflow`.
"""
