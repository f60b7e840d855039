"""`kill -9` at random moments of apply, on three clouds at once: nothing is lost, nothing is made twice.

Every kill is followed by one apply. Then the clouds, looked at by the vendors' SDKs, hold exactly what they hold
after an apply that nobody disturbed, the state knows all of it and nothing else, and the next plan is empty.
"""

from __future__ import annotations

import os
import random
import sys
import time

import pytest

KILLS = 50
HALVES = 2
STACK = """apiVersion: opsctl.dev/v1
kind: Stack
metadata: {name: crash, id: crash}
providers:
  aws: {region: eu-west-1, endpoint: sandbox}
  azure: {endpoint: sandbox}
  openstack: {endpoint: sandbox}
params:
  port: {type: integer, default: 8080}
  flavor: {type: string, default: m1.tiny}
"""
RESOURCES = """
type: AWS::EC2::VPC
metadata: {name: vpc}
spec: {CidrBlock: 10.7.0.0/16, Tags: [{Key: port, Value: "${string(params.port)}"}]}
---
type: AWS::EC2::Subnet
metadata: {name: subnet}
forEach: {a: 10.7.1.0/24, b: 10.7.2.0/24}
spec: {VpcId: "${vpc.status.id}", CidrBlock: "${each.value}", AvailabilityZone: "eu-west-1${each.key}"}
---
type: AWS::EC2::SecurityGroup
metadata: {name: firewall}
spec: {GroupDescription: who may come in, VpcId: "${vpc.status.id}", GroupName: crash}
---
type: AWS::EC2::SecurityGroupIngress
metadata: {name: ingress}
spec:
  GroupId: "${firewall.status.id}"
  IpProtocol: tcp
  FromPort: "${params.port}"
  ToPort: "${params.port}"
  CidrIp: 10.0.0.0/8
---
type: AWS::EC2::Instance
metadata: {name: machine}
spec: {ImageId: ami-12345678, InstanceType: t3.micro, SubnetId: "${subnet['a'].status.id}"}
---
type: Microsoft.Resources/resourceGroups
metadata: {name: group}
spec: {name: crash, location: westeurope}
---
type: Microsoft.Network/virtualNetworks
metadata: {name: vnet}
spec:
  name: crash
  parent: "${group.status.id}"
  location: westeurope
  tags: {port: "${string(params.port)}"}
  properties: {addressSpace: {addressPrefixes: [10.8.0.0/16]}}
---
type: Microsoft.Network/virtualNetworks/subnets
metadata: {name: lan}
spec: {name: lan, parent: "${vnet.status.id}", properties: {addressPrefix: 10.8.1.0/24}}
---
type: OS::Neutron::Net
metadata: {name: net}
spec: {name: crash}
---
type: OS::Neutron::Subnet
metadata: {name: range}
spec: {name: crash, network: "${net.status.id}", cidr: 10.9.0.0/24, ip_version: 4}
---
type: OS::Neutron::SecurityGroup
metadata: {name: guard}
spec: {name: crash}
---
type: OS::Neutron::SecurityGroupRule
metadata: {name: open}
forEach: ["${string(params.port)}", "22"]
spec:
  security_group: "${guard.status.id}"
  direction: ingress
  protocol: tcp
  port_range_min: "${int(each.value)}"
  port_range_max: "${int(each.value)}"
  remote_ip_prefix: 10.0.0.0/8
---
type: OS::Neutron::Port
metadata: {name: port}
spec:
  name: crash
  network: "${net.status.id}"
  fixed_ips: [{subnet: "${range.status.id}"}]
  security_groups: ["${guard.status.id}"]
---
type: OS::Nova::Server
metadata: {name: server}
spec: {name: crash, image: cirros, flavor: "${params.flavor}", networks: [{port: "${port.status.id}"}]}
---
type: OS::Cinder::Volume
metadata: {name: disk}
spec: {name: crash, size: 1}
---
type: Local::File
metadata: {name: note}
spec: {path: note.txt, content: "${server.status.id} ${machine.status.id} ${string(params.port)}"}
"""
SLOW = """faults:
- {kind: latency, cloud: aws, operation: "Create*", seconds: 0.1}
- {kind: latency, cloud: aws, operation: RunInstances, seconds: 0.1}
- {kind: latency, cloud: openstack, operation: "POST /v2*", seconds: 0.1, probability: 0.5}
- {kind: latency, cloud: azure, operation: "PUT *", seconds: 0.1, probability: 0.5}
"""
HEAD = "apiVersion: opsctl.dev/v1\nkind: Resource\n"
CHANGED = ("-p", "port=9090", "-p", "flavor=m1.small")


def documents(text):
    return "\n---\n".join(HEAD + each.strip() for each in text.split("---\n")) + "\n"


@pytest.fixture(autouse=True)
def slow_clouds(sandbox):
    """Creations are on their way for a while, so that a kill finds some of them there."""
    sandbox.faults.write_text(SLOW)
    yield
    sandbox.faults.write_text("faults: []\n")


class Machine:
    """Kills, applies, and compares what there is with what an undisturbed apply leaves."""

    def __init__(self, stack, rng):
        self.stack, self.rng = stack, rng
        self.before = stack.inventory()
        self.wanted = {}
        self.usual = {}
        self.kills = 0

    def learn(self, *variants):
        """Apply each variant undisturbed, and remember what is there and how long it took."""
        for variant in variants:
            self.usual[variant] = self.stack.apply(*variant).seconds
            assert self.stack.changes(*variant) == {}
            self.wanted[variant] = self.stack.inventory() - self.before
        self.stack.destroy()
        assert self.stack.inventory() == self.before

    def kill(self, variant):
        """Kill an apply at a random moment of its usual time."""
        moment = self.rng.uniform(0.1, 1.0) * self.usual[variant]
        ended = self.stack.opsctl("apply", "--auto-approve", *variant, kill_after=moment)
        self.kills += ended.killed
        return f"killed after {moment:.3f} s" if ended.killed else f"ended with {ended.code}"

    def violations(self, variant):
        """Apply once more, and name everything that is not as it should be."""
        ended = self.stack.opsctl("apply", "--auto-approve", *variant)
        if ended.code != 0:
            yield f"apply ended with {ended.code}:\n{ended.text}"
        there = self.stack.inventory() - self.before
        if there != self.wanted[variant]:
            yield f"too many: {there - self.wanted[variant]}, missing: {self.wanted[variant] - there}"
        changes = self.stack.changes(*variant)
        if changes:
            yield f"the next plan is not empty: { {a: c['action'] for a, c in changes.items()} }"
        state = self.stack.state()
        if state["intents"] or state["deposed"]:
            yield f"the state is not at rest: {state['intents']} {state['deposed']}"


@pytest.mark.parametrize("half", range(HALVES))
def test_fifty_kills_lose_nothing_and_make_nothing_twice(stack, half):
    """Killed while everything is made, and while much of it is changed; OPSCTL_KILL_SEED repeats a run."""
    seed = int(os.environ.get("OPSCTL_KILL_SEED") or time.time_ns() % 1_000_000)
    sys.stdout.write(f"OPSCTL_KILL_SEED={seed}\n")
    stack.write("opsctl.yaml", STACK)
    stack.write("crash.yaml", documents(RESOURCES))
    machine = Machine(stack, random.Random(seed + half))
    machine.learn((), CHANGED)
    rounds = 0
    while machine.kills < KILLS // HALVES:
        rounds += 1
        assert rounds <= KILLS, f"only {machine.kills} of {3 * rounds} kills hit a running apply"
        for variant in ((), CHANGED, ()):
            moment = machine.kill(variant)
            found = list(machine.violations(variant))
            assert not found, (f"seed {seed}, kill {machine.kills}, {variant}: {moment}", *found)
        stack.destroy()
        left = stack.inventory() - machine.before
        assert not left, (f"seed {seed}", left)


@pytest.mark.parametrize("name", ["without-intents", "without-settling"])
def test_the_kills_find_a_broken_opsctl(name, make_stack, mutant):
    """With an invariant removed the same machine finds a violation within a few kills."""
    stack = make_stack(mutant(name))
    stack.write("opsctl.yaml", STACK.replace("crash", f"broken-{name}"))
    nets = "type: OS::Neutron::Net\nmetadata: {name: net}\nforEach: [a, b, c, d, e, f]\nspec: {name: '${each.key}'}"
    vpcs = "type: AWS::EC2::VPC\nmetadata: {name: vpc}\nforEach: [a, b, c]\nspec: {CidrBlock: 10.7.0.0/16}"
    stack.write("broken.yaml", documents(f"{nets}\n---\n{vpcs}"))
    machine = Machine(stack, random.Random(7))
    machine.learn(())
    for _ in range(15):
        machine.kill(())
        if list(machine.violations(())):
            return
        stack.destroy()
    pytest.fail(f"{machine.kills} kills did not show that it is broken: {name}")
