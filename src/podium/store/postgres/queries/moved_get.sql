SELECT "to", at, by FROM moved
