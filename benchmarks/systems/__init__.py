"""The systems measured: one module each, with one function of the same name per scenario."""
