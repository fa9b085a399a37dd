"""Who may do what: Cedar policies, what they are told, and what they decide. Imports from model and errors only."""
