"""The types that the provider knows, as tables.

Enters: nothing. Leaves: `all_kinds`. Holds: made once, when first asked for, and without any SDK.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from orchestrator.model.ids import TypeName

from .kind import ArmKind, kind


@functools.cache
def all_kinds() -> Mapping[TypeName, ArmKind]:
    """Every kind by its ARM type."""
    from . import compute, groups, mysql, network, storage  # noqa: PLC0415 - the tables are made on first use

    tables = (groups.FACTS, network.FACTS, compute.FACTS, storage.FACTS, mysql.FACTS)
    made = [kind(facts) for table in tables for facts in table]
    return {each.type: each for each in made}
