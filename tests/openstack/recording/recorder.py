"""Sends the same calls to a cloud, real or simulated, and keeps what came back in a form that can be compared.

Kept are the status, the names in the body and the values; identifiers, times and random addresses are replaced by
what they stand for. What the real cloud answered is stored beside the simulator, so that it is held to it without one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

import openstack

NOBODY = "b2f1c9d0-0000-4000-8000-000000000000"
PREFIX = "as-real"
MISSED = {"missed": "it had ended already"}
"""Kept for a state that had passed: no difference to what was recorded."""
# Names that only the real one shows: its optional extensions, and what an administrator's policy adds.
REAL_ONLY = {"is_vlan_qinq", "is_vlan_transparent", "standard_attr_id", "service_types", "l2_adjacency"}
VERSIONS = {"compute": "2.96", "block_storage": "3.70"}
VOLATILE = {
    "id", "created_at", "updated_at", "revision_number", "mac_address", "links", "adminPass", "fixed_ips",
    "allocation_pools", "dns_assignment", "floating_ip_address", "external_fixed_ips", "tenant_id", "project_id",
    "user_id", "created", "updated", "hostId", "OS-SRV-USG:launched_at", "security_group_rules", "attached_at",
    "fingerprint", "service_uuid", "volume_type_id", "attachment_id", "bdm_uuid", "expires_at", "device", "addresses",
    "shared_targets", "progress", "os-vol-tenant-attr:tenant_id",
    "allowed_address_pairs", "port_details", "OS-EXT-IPS-MAC:mac_addr", "ip_address", "security_groups", "OS-EXT-STS:task_state",
    "checksum", "os_hash_value", "secret", "password_expires_at", "uuid", "deleted_at", "mac_addr", "last_modified", "direct_url", "stores", "owner", "self", "file", "first", "next", "owner_specified.openstack.object",
    "provider:segmentation_id", "vip_address", "vip_port_id", "vip_network_id", "external_fixed_ip",
}  # fmt: skip


class Recorder:
    """Sends calls to one cloud and keeps what came back, in a form that can be compared."""

    def __init__(self, connection: openstack.connection.Connection, *, wait) -> None:
        self.connection = connection
        self.wait = wait
        self.seen: dict[str, dict[str, Any]] = {}
        self._names: dict[str, str] = {connection.current_project_id: "<project>"}

    def call(
        self,
        label: str,
        service: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        part: Callable[[Any], Any] | None = None,
        told: Collection[str] = (),
        **sent: Any,
    ) -> Any:
        """Keep what came back; of an answer that shows what others made too, the part that is always the same.

        ``told`` are headers that count; ``sent`` goes to the request as it is.
        """
        asked, parsed, headers = self._asked(service, method, path, body, **sent)
        kept = {name: headers.get(name) for name in told}
        more = {"headers": self._shape(kept)} if told else {}
        self.seen[label] = {**asked, **more, "answer": self._shape(part(parsed) if part else parsed)}
        return parsed

    def passing(
        self,
        label: str,
        service: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        still: Callable[[int, Any], bool],
    ) -> bool:
        """Keep the answer of a state that ends by itself, or that it had ended before it was asked for."""
        asked, parsed, _ = self._asked(service, method, path, body)
        caught = still(asked["status"], parsed)
        self.seen[label] = {**asked, "answer": self._shape(parsed)} if caught else MISSED
        return caught

    def _asked(
        self, service: str, method: str, path: str, body: Any, **sent: Any
    ) -> tuple[dict[str, Any], Any, Mapping[str, str]]:
        proxy = getattr(self.connection, service)
        version = VERSIONS.get(service)
        headers = {"Accept": "application/json", **sent.pop("headers", {})}
        more: dict[str, Any] = {"headers": headers, **sent}
        if body is not None:
            more["json"] = body
        answer = proxy.request(path, method, microversion=version, raise_exc=False, **more)
        parsed = _parsed(answer)
        where = self._text(urlsplit(str(answer.url)).path).replace("<", "").replace(">", "")
        place = re.sub(r"^.*?(?=/v\d)", "", where)
        asked = {"service": service, "method": method, "path": place, "status": answer.status_code}
        return asked, parsed, answer.headers

    def kept(self, label: str, method: str, path: str, status: int, answer: Any) -> None:
        """Keep a part of what Neutron answered: the rest of it is shown only by a real router."""
        asked = {"service": "network", "method": method, "path": path}
        self.seen[label] = {**asked, "status": status, "answer": self._shape(answer)}

    def rested(self, label: str, state: str) -> None:
        """Keep in which state something came to rest."""
        self.seen[label] = {"came to rest": state}

    def own(self) -> str:
        """Give a name that nobody else in the cloud has, and that reads the same in every recording."""
        return self.known("own", f"{PREFIX}-{self.connection.current_project_id[:12]}")

    def known(self, name: str, key: str) -> str:
        """Give an identifier a name, so that messages that carry it can be compared."""
        self._names[key] = f"<{name}>"
        return key

    def _shape(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            kept = {k: self._shape(v, k) for k, v in value.items() if k not in REAL_ONLY}
            return dict(sorted(kept.items()))
        if key in VOLATILE:
            return f"<{type(value).__name__}>"
        if isinstance(value, list):
            shaped = [self._shape(item, key) for item in value]
            return sorted(shaped, key=lambda flavor: flavor["name"]) if key == "flavors" else shaped
        return self._text(value) if isinstance(value, str) else value

    def _text(self, value: str) -> str:
        for key, name in self._names.items():
            value = re.sub(rf"(?<=[/ ]){key}\b", name, value) if key.isdigit() else value.replace(key, name)
        value = re.sub(r"\b(for|flavor) \d+ (?=and|/)", r"\1 <number> ", value)
        value = re.sub(
            r"https?://[^/\s]+(:\d+)?(/compute|/network|/volume|/image|/identity|/load-balancer)?",
            "<url>",
            value,
        )
        value = re.sub(r"\n\nFailed validating .*?(?=<br)", "", value, flags=re.DOTALL)
        value = re.sub(r"(Value should be one of: ).*", r"\1<values>", value)
        return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{32}\b", "<id>", value)


def _parsed(answer: Any) -> Any:
    """Give the body; some of Cinder's is JSON and says that it is a web page."""
    if not answer.text.strip():
        return None
    try:
        return answer.json()
    except ValueError:
        return answer.text


def settle(cloud: Recorder, path: str, key: str, done, *, service: str = "compute") -> None:
    """Wait for what changes by itself, and keep how it ended."""
    body = waited(cloud, path, key, done, service=service)
    number = sum(label.startswith(f"rest of {key}") for label in cloud.seen) + 1
    state = (body.get("status") or body.get("provisioning_status")) if body else "gone"
    cloud.rested(f"rest of {key} {number}", state)


def waited(cloud: Recorder, path: str, key: str, done, *, service: str = "compute") -> Any:
    """Wait for what changes by itself; returns it, or None where it is gone."""
    proxy = getattr(cloud.connection, service)
    for _ in range(900):
        cloud.wait()
        body = proxy.get(path, microversion=VERSIONS.get(service)).json().get(key)
        if done(body):
            return body
    raise AssertionError(f"{path} did not come to rest")


def give_and_take(cloud: Recorder, service: str, label: str, path: str, access: tuple[str, Any]) -> None:
    """Give a project access and take it, each twice: ``access`` is how the action's name ends, and its body."""
    suffix, body = access
    for verb in ("add", "remove"):
        for time in ("", " twice"):
            cloud.call(f"{label} {verb}{time}", service, "POST", path, {f"{verb}{suffix}": body})
