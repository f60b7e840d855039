"""The world behind the seams: state, policy engines, executor, clock, secrets."""
