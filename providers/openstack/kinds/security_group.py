"""OS::Neutron::SecurityGroup: with its rules written in it, or as documents of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.kit.fields import picked, to_body, to_spec
from orchestrator.kit.shapes import flag, spec, status, text
from orchestrator.model.errors import PermanentError, TransientError
from orchestrator.model.ids import Token, TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.provision import Done, Observed, Pending, Request
from orchestrator.model.schema import Property
from orchestrator.model.values import reveal
from providers.openstack.errors import is_missing
from providers.openstack.kinds.fields import Field
from providers.openstack.kinds.kind import Body, Cloud, Spec
from providers.openstack.kinds.net import BULK
from providers.openstack.kinds.network import NetworkKind
from providers.openstack.kinds.properties import TAGS, name
from providers.openstack.kinds.security_group_rule import EXISTS, FIELDS, PATH, identity, rule_properties

_RULE_FIELDS = FIELDS[1:]


def _status(body: Body) -> dict[str, object]:
    return picked(body, "name")


def _is_usual(rule: Body) -> bool:
    """Whether it is one of the two rules that every new group has: everything may go out."""
    parts = ("protocol", "port_range_min", "remote_ip_prefix", "remote_group_id", "remote_address_group_id")
    return rule["direction"] == "egress" and all(rule.get(part) is None for part in parts)


@dataclass(frozen=True, slots=True)
class GroupKind(NetworkKind):
    """A collection of Neutron whose objects hold rules."""

    def observe(self, cloud: Cloud, body: Body, wanted: Spec) -> Observed:
        """Write a body in the words of the spec; rules only where the spec has them."""
        seen = NetworkKind.observe(self, cloud, body, wanted)
        if "rules" not in wanted:
            return seen
        spelled = wanted["rules"]
        keys = {identity(cloud, rule): rule for rule in spelled}
        rules = [to_spec(cloud, _RULE_FIELDS, rule, {}) for rule in body["security_group_rules"]]
        usual = {
            identity(cloud, to_spec(cloud, _RULE_FIELDS, r, {}))
            for r in body["security_group_rules"]
            if _is_usual(r)
        }
        shown = [
            keys.get(identity(cloud, rule), rule)
            for rule in rules
            if not self._hidden(cloud, rule, usual, keys)
        ]
        return Observed(seen.id, {**seen.spec, "rules": shown}, seen.status, seen.marker, seen.version)

    @staticmethod
    def _hidden(cloud: Cloud, rule: Spec, usual: set[Any], keys: Mapping[Any, Any]) -> bool:
        key = identity(cloud, rule)
        return key in usual and key not in keys

    def poll(self, cloud: Cloud, handle: Mapping[str, Any]) -> Done | Pending:
        """Go on: the marker, then the rules, then (for a deletion) again."""
        done = NetworkKind.poll(self, cloud, handle)
        wanted = handle.get("spelled", {})
        if not isinstance(done, Done) or done.observed is None or "rules" not in wanted:
            return done
        self._add(cloud, done.observed.id, wanted["rules"])
        return Done(self._seen(cloud, done.observed.id, wanted))

    def begin(self, cloud: Cloud, request: Request, token: Token) -> Done | Pending:
        """Start one effect; changed rules are added before others go."""
        answer = NetworkKind.begin(self, cloud, request, token)
        changed = {str(change.path[0]) for change in request.changes}
        if request.prior is None or "rules" not in changed or not isinstance(answer, Done):
            return answer
        wanted = reveal(request.want)
        self._add(cloud, request.prior.id, wanted.get("rules", ()))
        self._remove(cloud, request.prior.id, wanted.get("rules", ()))
        return Done(self._seen(cloud, request.prior.id, wanted))

    def _seen(self, cloud: Cloud, id: str, wanted: Spec) -> Observed:
        body = self.listing.get(cloud, id)
        if body is None:
            raise TransientError(
                f"the security group {id} was changed, and does not show yet", "GET", "NotShown"
            )
        return self.observe(cloud, body, wanted)

    @staticmethod
    def _add(cloud: Cloud, group: str, rules: Any) -> None:
        for rule in rules:
            body = {"direction": "ingress", **to_body(cloud, _RULE_FIELDS, rule), "security_group_id": group}
            try:
                cloud.client.send("network", "POST", PATH, {"security_group_rule": body})
            except PermanentError as error:
                if error.code != EXISTS:
                    raise

    def _remove(self, cloud: Cloud, group: str, rules: Any) -> None:
        kept = {identity(cloud, rule) for rule in rules}
        body = self.listing.get(cloud, group) or {"security_group_rules": ()}
        for rule in body["security_group_rules"]:
            key = identity(cloud, to_spec(cloud, _RULE_FIELDS, rule, {}))
            if key in kept or _is_usual(rule):
                continue
            try:
                cloud.client.send("network", "DELETE", f"{PATH}/{rule['id']}")
            except PermanentError as error:
                if not is_missing(error):
                    raise


KIND = GroupKind(
    schema=KindSchema(
        TypeName("OS::Neutron::SecurityGroup"),
        spec(
            name=name("group"),
            description=text("what it is for", default=""),
            stateful=flag("whether answers to what was let out are let in", default=True),
            rules=Property(
                "array",
                "its rules, unless they are documents of their own; a new group also lets everything out",
                items=spec(**rule_properties(create_only=False)),
                unordered=True,
            ),
            tags=TAGS,
        ),
        status(name=text("its name")),
        "Says what may reach the ports that have it",
        reads=BULK,
        marking=Marking.PROVISIONAL,
        consistency=2.0,
        absorbs={"rules": TypeName("OS::Neutron::SecurityGroupRule")},
        permissions=(
            "create_security_group",
            "get_security_group",
            "update_security_group",
            "delete_security_group",
        ),
    ),
    label="security_group",
    path="/security-groups",
    fields=(Field("name"), Field("description"), Field("stateful")),
    status=_status,
)
