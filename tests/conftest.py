"""What holds for every test: in CI a property is tried on the same examples each time, and has no deadline."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("new", deadline=None)
settings.register_profile("same", deadline=None, derandomize=True)
settings.load_profile("same" if os.environ.get("CI") else "new")
