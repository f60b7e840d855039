"""Answers that were meant for a browser: a portal or a proxy stands where a service should."""

from __future__ import annotations

from typing import Any


def is_web_page(body: Any) -> bool:
    """Whether a body (text or bytes) is a page of HTML. An empty body is none, whatever its header calls it."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    return isinstance(text, str) and text.lstrip()[:15].lower().startswith(("<!doctype html", "<html"))
