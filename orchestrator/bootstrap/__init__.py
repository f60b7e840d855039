"""The one place that picks adapters and providers; nothing above it names one."""

from orchestrator.bootstrap.catalogue import abstract_types, catalogue, opsctl_version
from orchestrator.bootstrap.plan_files import read_plan, write_input, write_plan
from orchestrator.bootstrap.policies import policy_check, policy_paths, policy_tests
from orchestrator.bootstrap.sandboxes import (
    SandboxStatus,
    sandbox_down,
    sandbox_serve,
    sandbox_status,
    sandbox_up,
)
from orchestrator.bootstrap.sessions import Session, charter_of, open_saved, open_stack, open_state
from orchestrator.bootstrap.workspaces import Running

__all__ = [
    "Running",
    "SandboxStatus",
    "Session",
    "abstract_types",
    "catalogue",
    "charter_of",
    "open_saved",
    "open_stack",
    "open_state",
    "opsctl_version",
    "policy_check",
    "policy_paths",
    "policy_tests",
    "read_plan",
    "sandbox_down",
    "sandbox_serve",
    "sandbox_status",
    "sandbox_up",
    "write_input",
    "write_plan",
]
