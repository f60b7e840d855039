"""Resource groups: made at once, deleted with all that they hold."""

from __future__ import annotations

from providers.azure.sandbox import ids
from providers.azure.sandbox.rules import Answer, Rules, Style

RULES = (
    Rules(
        type=ids.GROUPS,
        put=Answer(201, 200, Style.SYNC),
        patch=Answer(200, 200, Style.SYNC),
        delete=Answer(202, 202, Style.LOCATION, body=False),
        name_pattern=r"[\w.()-]{0,89}[\w()-]",
        read_only=("managedBy",),
    ),
)
