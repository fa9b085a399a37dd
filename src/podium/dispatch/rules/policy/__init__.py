"""Who may do what: Cedar policies, their input, and their decisions. Imports from model and errors only."""
