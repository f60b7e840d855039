"""Files become documents that know where they stand, and a stack with the values of its parameters.

Enters: a folder with ``opsctl.yaml``, an environment's name, parameters from the command line. Leaves: the stack,
its checked documents, and every diagnostic at once. Holds: the order in which files are found or written does not
matter; nothing is coerced; a file that cannot be read hides no other file's mistakes.
"""

from __future__ import annotations

from orchestrator.stages.load.files import ENVIRONMENTS, STACK_FILE
from orchestrator.stages.load.loading import Loaded, load, load_guard
from orchestrator.stages.load.params import NO_VALUE
from orchestrator.stages.load.provider_settings import COMMON, check_providers, check_secrets

__all__ = [
    "COMMON",
    "ENVIRONMENTS",
    "NO_VALUE",
    "STACK_FILE",
    "Loaded",
    "check_providers",
    "check_secrets",
    "load",
    "load_guard",
]
