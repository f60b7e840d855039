"""A pull request's run: every violation is shown at its YAML line, on each provider, for parts and instances too."""

from __future__ import annotations

import json
import re

import pytest
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif

from tests.cli.formats import check_gitlab, check_junit

STACK = """apiVersion: opsctl.dev/v1
kind: Stack
metadata: {name: places, id: places}
providers:
  aws: {region: eu-west-1, endpoint: sandbox}
  azure: {endpoint: sandbox}
  openstack: {endpoint: sandbox}
policy: {bundles: [policies]}
"""
RULE = """# METADATA
# title: Nothing is marked
# description: What is marked is told, at its place.
# custom: {severity: low}
package opsctl.marked

import rego.v1

deny contains {"msg": msg, "address": change.address, "path": path} if {
	some change in input.resource_changes
	some path, value
	walk(change.change.after, [path, value])
	is_string(value)
	startswith(value, "mark")
	msg := sprintf("%s is marked: %s", [change.address, value])
}
"""
TYPE = """apiVersion: opsctl.dev/v1
kind: CompositeType
metadata: {name: Pair}
schema:
  type: object
  required: [text]
  properties: {text: {type: string}}
clouds:
  local:
    resources:
      - type: Local::Value
        metadata: {name: first}
        spec: {value: "${parent.spec.text}"}
"""
RESOURCES = """apiVersion: opsctl.dev/v1
kind: Resource
type: AWS::EC2::SecurityGroup
metadata: {name: aws}
spec:
  GroupDescription: a group
  VpcId: vpc-1
  SecurityGroupIngress:
    - IpProtocol: tcp
      FromPort: 80
      ToPort: 80
      CidrIp: 10.0.0.0/8
      Description: marked-aws  # aws
---
apiVersion: opsctl.dev/v1
kind: Resource
type: Microsoft.Resources/resourceGroups
metadata: {name: azure}
spec:
  name: group
  location: westeurope
  tags:
    kind: marked-azure  # azure
---
apiVersion: opsctl.dev/v1
kind: Resource
type: OS::Nova::Server
metadata: {name: openstack}
spec:
  image: cirros
  flavor: m1.tiny
  metadata:
    app: marked-openstack  # openstack
---
apiVersion: opsctl.dev/v1
kind: Resource
type: Local::Value
metadata: {name: each}
forEach: [a, b]
spec:
  value: "marked-${each.value}"  # each["a"], each["b"]
---
apiVersion: opsctl.dev/v1
kind: Pair  # pair/first
metadata: {name: pair}
provider: local
spec:
  text: marked-pair
---
apiVersion: opsctl.dev/v1
kind: ComputeInstance  # machine/server
metadata: {name: machine}
provider: openstack
spec:
  image: cirros
  metadata:
    app: marked-machine
"""


@pytest.fixture
def denied(stack):
    """A stack in which one thing of each sort is marked."""
    stack.write("opsctl.yaml", STACK)
    for folder, file, text in (("policies", "marked.rego", RULE), ("types", "pair.yaml", TYPE)):
        (stack.folder / folder).mkdir()
        stack.write(f"{folder}/{file}", text)
    stack.write("all.yaml", RESOURCES)
    return stack


def marked() -> dict[str, int]:
    """By address, the line that has to be shown: the one whose comment names it, or the document that begins there."""
    places: dict[str, int] = {}
    lines = RESOURCES.splitlines()
    for number, line in enumerate(lines, 1):
        for address in line.partition("  # ")[2].split(", "):
            if address:
                places[address] = number - 1 if line.startswith("kind") else number
    return places


def said(ran) -> str:
    """The result on standard output, without the words on standard error around it."""
    start = min(place for place in map(ran.text.find, ("{\n", "[\n", "<?xml")) if place >= 0)
    return ran.text[start : max(map(ran.text.rfind, "}]>")) + 1]


def test_sarif_points_at_the_line_of_each_violation(denied):
    """Of a property on each cloud, in a list and in a map; of instances; of parts, at the document that a user wrote."""
    planned = denied.opsctl("plan", "--output", "sarif")
    assert planned.code == 3, planned.text
    log = json.loads(said(planned))
    Sarif.model_validate(log)
    found = {}
    for result in log["runs"][0]["results"]:
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"].endswith("all.yaml")
        found[result["properties"]["address"]] = place["region"]["startLine"]
    assert found == marked()


def test_other_hosts_are_told_the_same(denied):
    """JUnit and GitLab's code quality, in the form that their readers accept, and annotations of GitHub."""
    root = check_junit(said(denied.opsctl("plan", "--output", "junit")))
    cases = [c for c in root.iter("testcase") if c.find("failure") is not None]
    assert {c.get("name"): int(c.get("line")) for c in cases} == marked()
    issues = check_gitlab(json.loads(said(denied.opsctl("plan", "--output", "gitlab"))))
    assert sorted(i["location"]["lines"]["begin"] for i in issues) == sorted(marked().values())
    text = denied.opsctl("plan", "--output", "github").text
    assert sorted(
        map(int, re.findall(r"^::error file=\S*all.yaml,line=(\d+)", text, re.MULTILINE))
    ) == sorted(marked().values())
