"""What was made by hand on three clouds comes into a stack: discovered, imported, adopted, and nothing left to do."""

from __future__ import annotations

import yaml

from tests.cli.test_json import fits
from tests.e2e import by_hand

STACK = """apiVersion: opsctl.dev/v1
kind: Stack
metadata: {name: takeover, id: takeover}
providers:
  aws: {region: eu-west-1, endpoint: sandbox}
  azure: {endpoint: sandbox}
  openstack: {endpoint: sandbox}
"""
OURS = 'tags.app == "legacy" || name.startsWith("legacy") || id.contains("/legacy")'
PASSWORD = "LEGACY_ORDERS_FLEXIBLESERVERS_ADMINISTRATOR_LOGIN_PASSWORD"


def documents(stack):
    """The resources and the adoptions that were written."""
    text = (stack.folder / "imported.yaml").read_text()
    found = list(yaml.safe_load_all(text))
    return text, [d for d in found if d["kind"] == "Resource"], [d for d in found if d["kind"] == "Import"]


def texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts(inner)


def listed(stack, *arguments):
    """What discover lists, by type and id."""
    found = stack.opsctl("discover", *arguments, "--output", "json")
    assert found.code == 0, found.text
    fits(found.document)
    return {(o["type"], o["id"]) for o in found.document["objects"]}


def test_what_was_made_by_hand_comes_in_as_it_is(stack):
    """Discover lists it, import writes it with references and without secrets, the plan only adopts, the next is empty."""
    stack.write("opsctl.yaml", STACK)
    before, empty = listed(stack), stack.inventory()
    by_hand.on_aws(stack.sandbox.outside)
    by_hand.on_azure(stack.sandbox.outside)
    by_hand.on_openstack(stack.sandbox.outside)
    made = stack.inventory()
    assert {type for type, _ in listed(stack) - before} >= {
        "AWS::RDS::DBInstance",
        "Microsoft.DBforMySQL/flexibleServers",
        "OS::Nova::Server",
    }

    imported = stack.opsctl("import", "--filter", OURS, "--related")
    assert imported.code == 0, imported.text
    text, resources, adoptions = documents(stack)
    assert len(resources) == len(adoptions) == 31, " ".join(r["type"] for r in resources)
    literal = {a["spec"]["id"].lower() for a in adoptions if len(a["spec"]["id"]) > 15}
    assert {t for r in resources for t in texts(r["spec"]) if t.lower() in literal} == set()
    assert 'VpcId: "${legacy.status.id}"' in text
    assert "DBSubnetGroupName: ${legacy_dbsubnetgroup.status.id}" in text.replace('"', "")
    assert "for-a-test" not in text
    assert f'secret("env:{PASSWORD}")' in text

    stack.environ[PASSWORD] = "Only-for-a-test1"
    changes = stack.changes()
    assert {c["action"] for c in changes.values()} == {"adopt"}
    differing = {a: [p["path"] for p in c["properties"]] for a, c in changes.items() if c["properties"]}
    assert differing == {"legacy_orders_flexibleservers": ["properties.administratorLoginPassword"]}
    stack.apply()
    assert stack.changes() == {}
    assert stack.inventory().total() == made.total()
    assert {type for type, _ in listed(stack) - before} <= {
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::SecurityGroupEgress",
        "AWS::EC2::SecurityGroupIngress",
        "OS::Neutron::FloatingIPAssociation",
        "OS::Neutron::Port",
        "OS::Neutron::SecurityGroupRule",
    }

    stack.destroy()
    assert stack.inventory() == empty


def test_what_another_stack_has_is_left_alone(stack, make_stack, launcher):
    """It is listed with its owner, left out of an import, and taken over only where that is said."""
    other = make_stack(launcher, "other")
    other.write("opsctl.yaml", STACK.replace("takeover", "owner"))
    resource = "apiVersion: opsctl.dev/v1\nkind: Resource\ntype: OS::Neutron::Net\nmetadata: {name: net}\n"
    other.write("net.yaml", resource + "spec: {name: of-the-owner}\n")
    other.apply()
    stack.write("opsctl.yaml", STACK)
    named = ("-t", "OS::Neutron::Net", "--filter", 'name == "of-the-owner"')
    found = stack.opsctl("discover", *named, "--output", "json").document["objects"]
    assert [o["stack"] for o in found] == ["owner"]
    left = stack.opsctl("import", *named)
    assert left.code == 1
    assert "belongs to the stack owner" in left.text
    assert not (stack.folder / "imported.yaml").exists()
    assert stack.opsctl("import", *named, "--take-from", "owner").code == 0
    assert {a: c["action"] for a, c in stack.changes().items()} == {"of_the_owner": "adopt"}
    other.destroy()


def test_an_object_comes_into_a_stack_that_knows_its_neighbours(stack):
    """What the stack has already is named by its address; an id alone is enough to choose."""
    stack.write("opsctl.yaml", STACK)
    resource = "apiVersion: opsctl.dev/v1\nkind: Resource\ntype: AWS::EC2::VPC\nmetadata: {name: net-1}\n"
    stack.write("net.yaml", resource + "spec: {CidrBlock: 10.80.0.0/16}\n")
    stack.apply()
    vpc = stack.state()["resources"][0]["id"]
    subnet = stack.sandbox.outside.ec2.create_subnet(VpcId=vpc, CidrBlock="10.80.1.0/24")["Subnet"][
        "SubnetId"
    ]
    shown = stack.opsctl("import", subnet, "-t", "AWS::EC2::Subnet", "--dry-run")
    assert '${resources["net-1"].status.id}' in shown.text
    assert not (stack.folder / "imported.yaml").exists()
    assert stack.opsctl("import", subnet).code == 0
    assert {c["action"] for c in stack.changes().values()} == {"adopt"}
    stack.apply()
    assert stack.changes() == {}
    stack.destroy()
