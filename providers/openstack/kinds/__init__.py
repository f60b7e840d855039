"""Heat's resource types: a schema each, and what differs between them."""

from __future__ import annotations
