"""The table: every type that the simulator knows.

Enters: nothing. Leaves: `ALL`. Holds no state.
"""

from __future__ import annotations

from . import compute, groups, interfaces, machines, mysql, network, security, storage

ALL = (
    *groups.RULES,
    *network.RULES,
    *security.RULES,
    *interfaces.RULES,
    *compute.RULES,
    *machines.RULES,
    *storage.RULES,
    *mysql.RULES,
)
