"""The reference provider: no network, no account."""
