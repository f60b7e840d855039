"""The stages as a visible list, and the one mutable object."""
