"""The one place that picks adapters and providers; nothing above it names one."""

from orchestrator.bootstrap.authoring import (
    policies_below,
    policy_check,
    policy_eval,
    policy_explain,
    policy_format,
    policy_pages,
    policy_schemas,
    policy_tests,
    policy_timings,
    sample_input,
    shipped_policies,
    spec_files,
    spec_format,
)
from orchestrator.bootstrap.catalogue import abstract_types, catalogue, opsctl_version, schemas
from orchestrator.bootstrap.governance import (
    Updated,
    approve_plan,
    read_approvals,
    stack_bundle,
    stack_rules,
    update_policies,
)
from orchestrator.bootstrap.guards import OpenedPlan, open_plan, signer_of
from orchestrator.bootstrap.permissions import permissions_of_stack, permissions_of_types
from orchestrator.bootstrap.plan_files import SavedPlan, read_plan, save_plan, write_input, write_private
from orchestrator.bootstrap.policies import policy_paths
from orchestrator.bootstrap.proving import provider_manifest, provider_settings, provider_skeleton
from orchestrator.bootstrap.sandboxes import (
    SandboxStatus,
    sandbox_down,
    sandbox_serve,
    sandbox_status,
    sandbox_up,
)
from orchestrator.bootstrap.sessions import (
    Session,
    charter_of,
    open_saved,
    open_stack,
    open_state,
    other_state,
)
from orchestrator.bootstrap.workspaces import Running

__all__ = [
    "OpenedPlan",
    "Running",
    "SandboxStatus",
    "SavedPlan",
    "Session",
    "Updated",
    "abstract_types",
    "approve_plan",
    "catalogue",
    "charter_of",
    "open_plan",
    "open_saved",
    "open_stack",
    "open_state",
    "opsctl_version",
    "other_state",
    "permissions_of_stack",
    "permissions_of_types",
    "policies_below",
    "policy_check",
    "policy_eval",
    "policy_explain",
    "policy_format",
    "policy_pages",
    "policy_paths",
    "policy_schemas",
    "policy_tests",
    "policy_timings",
    "provider_manifest",
    "provider_settings",
    "provider_skeleton",
    "read_approvals",
    "read_plan",
    "sample_input",
    "sandbox_down",
    "sandbox_serve",
    "sandbox_status",
    "sandbox_up",
    "save_plan",
    "schemas",
    "shipped_policies",
    "signer_of",
    "spec_files",
    "spec_format",
    "stack_bundle",
    "stack_rules",
    "update_policies",
    "write_input",
    "write_private",
]
