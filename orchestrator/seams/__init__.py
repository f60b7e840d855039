"""Protocols, and nothing else: what the core asks of the world."""
