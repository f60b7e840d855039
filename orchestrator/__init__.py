"""The core of opsctl: a spec goes in, a plan comes out, and an apply makes it so."""
