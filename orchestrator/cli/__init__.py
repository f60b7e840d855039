"""Typer commands, one file a command group; nothing else knows Typer or Rich."""
