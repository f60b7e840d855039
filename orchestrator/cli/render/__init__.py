"""Results as people and programs read them: text, JSON and Markdown, diagnostics, live progress."""
