"""One module a kind: its schema, and what is done to bring it about."""
