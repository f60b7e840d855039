"""The policies that ship, asked about real plans: weak stacks of each cloud, and what goes away."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.adapters.policy_embedded import compile_modules
from orchestrator.adapters.policy_files import load_bundle
from orchestrator.adapters.policy_rules import discover
from tests.documents import file, other, resource
from tests.documents import stack as stack_file
from tests.e2e.published import fits_what_is_published

WEAK = Path(__file__).parent / "weak"
POLICIES = Path(__file__).parents[2] / "policies"
EVERYWHERE = {
    "baseline.open_egress",
    "baseline.open_ingress",
    "baseline.plain_password",
    "baseline.required_labels",
    "baseline.sizes",
    "baseline.unlabelled",
    "change_safety.freeze_window",
    "strict.cloud_tags",
    "strict.names",
    "strict.rule_descriptions",
}
SPEAKING = {
    "aws": EVERYWHERE
    | {
        "baseline.bucket_encryption",
        "baseline.bucket_public",
        "baseline.database_backup",
        "baseline.database_encryption",
        "baseline.database_public",
        "baseline.regions",
        "baseline.unknown_ingress",
        "strict.bucket_versioning",
        "strict.database_deletion",
        "strict.database_logs",
        "strict.database_upgrades",
        "strict.database_zones",
        "strict.instance_disks",
        "strict.instance_metadata",
        "strict.label_values",
        "strict.machine_logs",
        "strict.subnet_public",
    },
    "azure": (EVERYWHERE - {"baseline.open_egress"})
    | {
        "baseline.database_public",
        "baseline.regions",
        "baseline.storage_public",
        "baseline.storage_transport",
        "strict.database_logs",
        "strict.database_zones",
        "strict.disk_access",
        "strict.machine_logs",
        "strict.storage_keys",
        "strict.vm_passwords",
    },
    "openstack": EVERYWHERE | {"baseline.volume_encryption", "strict.server_keys"},
}
AFTERWARDS = {
    "baseline.blast_radius",
    "baseline.data_stores",
    "change_safety.addresses",
    "change_safety.let_go",
    "change_safety.networks",
    "change_safety.replacements",
    "change_safety.updates",
}
AS_WRITTEN = {"strict.machine_ports"}

BEFORE = file(
    resource("net", "AWS::EC2::VPC", "{CidrBlock: 10.0.0.0/16}"),
    resource("address", "OS::Neutron::FloatingIP", "{floating_network: public}"),
    resource("disk", "OS::Cinder::Volume", "{size: 1}"),
    resource("left", "OS::Neutron::Net", "{}"),
    resource("other", "AWS::EC2::VPC", "{CidrBlock: 10.1.0.0/16}"),
    resource("changed", "AWS::EC2::VPC", "{CidrBlock: 10.2.0.0/16}"),
)
AFTER = file(
    resource("changed", "AWS::EC2::VPC", "{CidrBlock: 10.2.0.0/16, EnableDnsHostnames: true}"),
    resource("other", "AWS::EC2::VPC", "{CidrBlock: 10.9.0.0/16}"),
    other("Removed", "{from: left, delete: false}"),
)
CHANGING = stack_file(
    "going",
    """providers:
  aws: {region: eu-west-1, endpoint: sandbox}
  openstack: {endpoint: sandbox}
policy:
  bundles: [baseline, change-safety]
  data: {max_removals: 0, max_updates: 0}
""",
)


def speaking(stack, file: str) -> set[str]:
    """The rules that say something of a weak stack: exit code 3. What they saw fits the published schemas."""
    stack.write("opsctl.yaml", (WEAK / "opsctl.yaml").read_text())
    stack.write(file, (WEAK / file).read_text())
    seen = str(stack.folder.parent / "input.json")
    planned = stack.opsctl("plan", "--output", "json", "--save-input", seen)
    assert planned.code == 3, planned.text
    assert fits_what_is_published(seen)
    return rules(planned)


def rules(planned) -> set[str]:
    return {v["rule"].removeprefix("opsctl.") for v in planned.document["policy"]["verdicts"]}


@pytest.mark.parametrize("cloud", SPEAKING)
def test_rules_find_what_is_weak_in_a_real_plan(cloud, stack):
    """On specs that the cloud's schemas accept, each rule about the cloud speaks, and no other does."""
    assert speaking(stack, f"{cloud}.yaml") == SPEAKING[cloud]


def test_an_abstract_type_is_judged_as_it_is_written(stack):
    """Before anything is read, at the line of the property."""
    assert speaking(stack, "written.yaml") == AS_WRITTEN
    planned = stack.opsctl("plan", "--output", "github")
    assert "file=written.yaml,line=9" in planned.text


def test_rules_find_what_goes_away(stack):
    """Deleted, replaced, updated and forgotten: each rule of change safety speaks on what was really made."""
    stack.write("opsctl.yaml", CHANGING.partition("policy:")[0])
    stack.write("all.yaml", BEFORE)
    stack.apply()
    stack.write("opsctl.yaml", CHANGING)
    stack.write("all.yaml", AFTER)
    planned = stack.opsctl("plan", "--output", "json")
    assert planned.code == 3, planned.text
    assert rules(planned) - {"baseline.unlabelled"} == AFTERWARDS
    stack.write("opsctl.yaml", CHANGING.partition("policy:")[0])
    stack.write("all.yaml", BEFORE)
    stack.destroy()


def test_no_rule_that_ships_is_without_a_real_plan():
    """Together these plans make every rule speak."""
    bundle = load_bundle([POLICIES])
    outlines, _ = compile_modules(bundle.modules, bundle.data)
    shipped = {rule.package.removeprefix("opsctl.") for rule in discover(outlines)[0]}
    assert set().union(*SPEAKING.values(), AFTERWARDS, AS_WRITTEN) == shipped
