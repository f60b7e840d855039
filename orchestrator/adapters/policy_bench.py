"""How long each rule takes: every rule alone, on one input, the best of several runs.

CPU seconds of the process that evaluates: what else the machine does is not counted.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from orchestrator.adapters.policy_child import in_child
from orchestrator.adapters.policy_embedded import Limits, compile_modules, new_engine
from orchestrator.adapters.policy_rules import TEST_SUFFIX, discover
from orchestrator.model.change import Action, Change
from orchestrator.model.ids import Address, ProviderName, TypeName
from orchestrator.model.policy_input import policy_input
from orchestrator.model.verdict import Bundle, Stage

_OPEN: Final = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}
_SPECS: Final[tuple[tuple[str, Mapping[str, Any]], ...]] = (
    ("AWS::EC2::Instance", {"InstanceType": "t3.micro", "SubnetId": "subnet-1"}),
    ("AWS::EC2::SecurityGroup", {"GroupDescription": "web", "SecurityGroupIngress": [_OPEN]}),
    ("AWS::EC2::Subnet", {"CidrBlock": "10.0.1.0/24", "MapPublicIpOnLaunch": False}),
    ("AWS::RDS::DBInstance", {"DBInstanceClass": "db.t3.micro", "StorageEncrypted": True}),
    ("AWS::S3::Bucket", {"BucketName": "shop-assets"}),
    ("Microsoft.Compute/virtualMachines", {"location": "westeurope", "properties": {}}),
    ("Microsoft.Network/networkSecurityGroups", {"properties": {"securityRules": []}}),
    ("Microsoft.Storage/storageAccounts", {"properties": {"minimumTlsVersion": "TLS1_2"}}),
    ("OS::Cinder::Volume", {"size": 10}),
    ("OS::Neutron::SecurityGroupRule", {"direction": "ingress", "protocol": "tcp", "port_range_min": 443}),
    ("OS::Nova::Server", {"flavor": "m1.small", "image": "debian"}),
)
_NOW: Final = 1767603600.0
"""2026-01-05T09:00:00Z, a working day."""


@dataclass(frozen=True, slots=True)
class Timing:
    """One rule: CPU seconds of its cheapest run, and how many things it says."""

    rule: str
    seconds: float
    said: int


@dataclass(frozen=True, slots=True)
class Timings:
    """Every rule, the slowest first, and all of them in one evaluation as a plan does it."""

    rules: tuple[Timing, ...]
    together: float
    load: float
    """CPU seconds to hand over the input."""


def sample_changes(count: int) -> list[Change]:
    """A plan that creates ``count`` resources of three clouds, a part of them against the usual rules."""
    return [_sample(number, *_SPECS[number % len(_SPECS)]) for number in range(count)]


def _sample(number: int, type: str, spec: Mapping[str, Any]) -> Change:
    return Change(
        Address(f"r{number}"),
        TypeName(type),
        ProviderName(type.partition(":")[0].lower()),
        Action.CREATE,
        after=dict(spec),
        undo="delete",
        labels={"owner": "shop"},
        file="shop.yaml",
        line=number + 1,
    )


def input_of(changes: Sequence[Change]) -> dict[str, Any]:
    """What policies see of a plan that makes these changes."""
    stack = {"name": "shop", "id": "shop", "environment": "", "providers": {}}
    return policy_input(stage=Stage.PLAN, stack=stack, params={}, changes=changes, now=_NOW)


def sample_input(count: int) -> dict[str, Any]:
    """The input of a plan of so many changes."""
    return input_of(sample_changes(count))


def measure(
    bundle: Bundle, document: Mapping[str, Any], *, runs: int = 3, limits: Limits | None = None
) -> Timings:
    """Time every rule; raises ChildFailedError where one fails or takes too long."""
    limits = limits or Limits()
    modules = {f: t for f, t in bundle.modules.items() if not f.endswith(TEST_SUFFIX)}
    rules, _ = discover(compile_modules(modules, bundle.data, limits)[0])
    text = msgspec.json.encode(document).decode()
    body = "\n".join(f'answers["{n}"] := {rule.path}' for n, rule in enumerate(rules))
    entry = f"package opsctl_bench\n\nimport rego.v1\n\n{body}\n"

    def work() -> bytes:
        engine = new_engine({**modules, "opsctl_bench.rego": entry}, bundle.data)
        load, _ = _best(lambda: engine.set_input_json(text), 1)
        engine.eval_query_as_json("1")  # compiles everything, once
        timed = [_best(lambda q=rule.path: engine.eval_query_as_json(q), runs) for rule in rules]
        together, _ = _best(lambda: engine.eval_query_as_json("data.opsctl_bench.answers"), runs)
        return msgspec.json.encode([load, together, [(seconds, _said(raw)) for seconds, raw in timed]])

    seconds = limits.seconds * (runs + 1)
    load, together, timed = msgspec.json.decode(in_child(work, seconds=seconds, memory=limits.memory))
    labels = Counter(rule.label for rule in rules)
    names = [r.label if labels[r.label] == 1 else r.path.removeprefix("data.") for r in rules]
    found = [Timing(name, took, said) for name, (took, said) in zip(names, timed, strict=True)]
    return Timings(tuple(sorted(found, key=lambda t: -t.seconds)), together, load)


def _best(call: Any, runs: int) -> tuple[float, Any]:
    best, result = float("inf"), None
    for _ in range(max(1, runs)):
        began = time.process_time()
        result = call()
        best = min(best, time.process_time() - began)
    return best, result


def _said(raw: str) -> int:
    found = msgspec.json.decode(raw).get("result")
    value = found[0]["expressions"][0]["value"] if found else None
    return len(value) if isinstance(value, list) else int(value is True)
