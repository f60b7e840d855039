"""What the commands do, once their arguments are read. Imported by the command that needs it, and no earlier."""
