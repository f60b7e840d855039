"""Fakes and conformance suites that a plugin author can run."""
