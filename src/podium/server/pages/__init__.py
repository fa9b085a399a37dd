"""Pages for people: plain HTML that needs no script, and no more than the link to it."""
