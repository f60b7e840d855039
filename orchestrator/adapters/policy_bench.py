"""How long each rule takes: every rule alone, on one input, the best of several runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from orchestrator.adapters.policy_child import in_child
from orchestrator.adapters.policy_embedded import Limits, compile_modules, new_engine
from orchestrator.adapters.policy_rules import TEST_SUFFIX, discover
from orchestrator.model.change import Action
from orchestrator.model.verdict import Bundle

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


@dataclass(frozen=True, slots=True)
class Timing:
    """One rule: seconds of its fastest run, and how many things it says."""

    rule: str
    seconds: float
    said: int


@dataclass(frozen=True, slots=True)
class Timings:
    """Every rule, the slowest first, and all of them in one evaluation as a plan does it."""

    rules: tuple[Timing, ...]
    together: float
    load: float
    """Seconds to hand over the input."""


def sample_input(count: int) -> dict[str, Any]:
    """A plan that creates ``count`` resources of three clouds, a part of them against the usual rules."""
    changes = []
    for number in range(count):
        type, spec = _SPECS[number % len(_SPECS)]
        change = {"actions": ["create"], "before": None, "after": dict(spec), "after_unknown": {}}
        changes.append(
            {
                "address": f"r{number}",
                "mode": "managed",
                "type": type,
                "provider_name": type.partition(":")[0].lower(),
                "action": "create",
                "change": {**change, "before_sensitive": {}, "after_sensitive": {}, "replace_paths": []},
                "reason": "",
                "labels": {"owner": "shop"},
                "reversible": True,
                "file": "shop.yaml",
                "line": number + 1,
            }
        )
    return {
        "format_version": "1.0",
        "stage": "plan",
        "now": "2026-01-05T09:00:00Z",
        "operation": "apply",
        "stack": {"name": "shop", "id": "shop", "environment": "", "providers": {}},
        "params": {},
        "summary": {**{str(action): 0 for action in Action}, "create": count},
        "resource_changes": changes,
        "resources": [],
    }


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
    found = [Timing(rule.label, took, said) for rule, (took, said) in zip(rules, timed, strict=True)]
    return Timings(tuple(sorted(found, key=lambda t: -t.seconds)), together, load)


def _best(call: Any, runs: int) -> tuple[float, Any]:
    best, result = float("inf"), None
    for _ in range(max(1, runs)):
        began = time.perf_counter()
        result = call()
        best = min(best, time.perf_counter() - began)
    return best, result


def _said(raw: str) -> int:
    found = msgspec.json.decode(raw).get("result")
    value = found[0]["expressions"][0]["value"] if found else None
    return len(value) if isinstance(value, list) else int(value is True)
