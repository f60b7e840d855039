"""Frozen values and pure functions over them; no I/O and no clock."""
