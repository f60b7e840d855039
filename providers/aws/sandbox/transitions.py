"""What takes time on the real AWS and none on moto, and the addresses that then answer.

An instance is pending before it runs, stopping before it is stopped; a database is creating, modifying and deleting
for a while, and has an endpoint only when it is available. Public addresses and endpoints are on loopback.
"""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any, Final

from moto.rds.models import DBInstance

from providers.aws.sandbox.wire import Call

if TYPE_CHECKING:
    from providers.aws.sandbox.world import World

_PORTS: Final = (22, 80, 8080)
STATUS_TAG: Final = "opsctl-sandbox-http-status"
_CODES: Final = {
    "pending": 0,
    "running": 16,
    "shutting-down": 32,
    "terminated": 48,
    "stopping": 64,
    "stopped": 80,
}
_ON_THE_WAY: Final = {
    "RunInstances": ("pending", "running"),
    "StartInstances": ("pending", "running"),
    "StopInstances": ("stopping", "stopped"),
    "TerminateInstances": ("shutting-down", "terminated"),
}


class ReachableDBInstance(DBInstance):  # type: ignore[misc]
    """Moto's database instance with an address that answers, once it is available."""

    reachable: str | None = None

    @property
    def address(self) -> str | None:
        """The loopback address."""
        return self.reachable

    @property
    def endpoint(self) -> dict[str, Any] | None:
        """Absent until the instance is available."""
        return {"Address": self.reachable, "Port": self.port} if self.reachable else None


def before(call: Call, world: World) -> Any:
    """What has to be kept before moto forgets it."""
    if call.operation == "DeleteDBInstance":
        return _database(call, world)
    if call.operation == "TerminateInstances":
        wanted = call.each("InstanceId")
        return {i.id for i in world.live_instances(call.region) if i.id in wanted}
    if call.operation == "ModifyDBSubnetGroup":
        return world.rds(call.region).subnet_groups.get(call.params.get("DBSubnetGroupName", "").lower())
    return None


def after(call: Call, world: World, body: bytes, kept: Any) -> bytes:
    """Start what takes time, and give back the answer as the real service would."""
    match call.operation:
        case "RunInstances" | "StartInstances" | "StopInstances" | "TerminateInstances":
            return _instances(call, world, body, kept)
        case "CreateTags" | "DeleteTags":
            _retagged(call, world)
        case "CreateBucket":
            _tag_bucket(call, world, call.bucket)
        case "CreateDBInstance":
            return _create_database(call, world, body)
        case "ModifyDBInstance":
            _modify_database(call, world)
        case "DeleteDBInstance":
            _delete_database(call, world, kept)
        case "ModifyDBSubnetGroup" if kept is not None:
            world.rds(call.region).subnet_groups[kept.name] = kept
        case _:
            pass
    return body


def _database(call: Call, world: World) -> Any:
    return world.rds(call.region).databases.get(call.params.get("DBInstanceIdentifier", "").lower())


def _instances(call: Call, world: World, body: bytes, kept: set[str] | None) -> bytes:
    ids = {i.decode() for i in re.findall(rb"<instanceId>(i-[0-9a-f]+)</instanceId>", body)}
    underway, settled = _ON_THE_WAY[call.operation]
    for reservation in world.ec2(call.region).reservations.values():
        for instance in reservation.instances:
            if instance.id in ids and (kept is None or instance.id in kept):
                body = _readdress(instance, world, body, gone=underway in {"stopping", "shutting-down"})
                _go(instance, world, underway, settled)
    return body


def _go(instance: Any, world: World, underway: str, settled: str) -> None:
    def put(state: str) -> None:
        instance._state.name, instance._state.code = state, _CODES[state]  # noqa: SLF001 - moto offers no other way

    def settle() -> None:
        if instance.state == underway:
            put(settled)

    put(underway)
    world.later(settle)


def _readdress(instance: Any, world: World, body: bytes, *, gone: bool) -> bytes:
    world.take_address(instance.id)
    for nic in instance.nics.values():
        if nic.public_ip and not gone:
            old, nic.public_ip = (
                nic.public_ip,
                world.give_address(instance.id, ports=_PORTS, status=_answer_of(instance)),
            )
            body = body.replace(old.encode(), nic.public_ip.encode())
            body = body.replace(old.replace(".", "-").encode(), nic.public_ip.replace(".", "-").encode())
    return body


def _answer_of(instance: Any) -> int:
    """What the pretended application answers over HTTP: the instance's tag says so where it has one."""
    told = {tag["key"]: tag["value"] for tag in instance.get_tags()}.get(STATUS_TAG, "")
    return int(told) if told.isdigit() else 200


def _retagged(call: Call, world: World) -> None:
    resources = set(call.each("ResourceId"))
    for instance in world.live_instances(call.region):
        if instance.id in resources and instance.id in world.addresses:
            world.responders.set_status(world.addresses[instance.id], _answer_of(instance))


def _tag_bucket(call: Call, world: World, name: str) -> None:
    """Tags in the call that makes a bucket, which moto does not read."""
    if b"<Tags>" not in call.body:
        return
    pairs = re.findall(rb"<Key>(.*?)</Key>\s*<Value>(.*?)</Value>", call.body, flags=re.DOTALL)
    world.s3().put_bucket_tagging(name, {unescape(k.decode()): unescape(v.decode()) for k, v in pairs})


def _create_database(call: Call, world: World, body: bytes) -> bytes:
    database = _database(call, world)
    database.__class__ = ReachableDBInstance
    database.status = "creating"
    name = database.db_instance_identifier

    def available() -> None:
        if database.status == "creating":
            database.status = "available"
            database.reachable = world.give_address(name, ports=(int(database.port),))

    world.later(available)
    body = re.sub(rb"<Endpoint>.*?</Endpoint>", b"", body, flags=re.DOTALL)
    return body.replace(b"<DBInstanceStatus>available<", b"<DBInstanceStatus>creating<")


def _modify_database(call: Call, world: World) -> None:
    database = _database(call, world)
    if database is None:
        return
    database.status = "modifying"
    port = call.params.get("DBPortNumber")

    def available() -> None:
        if database.status == "modifying":
            database.status = "available"
        if port is not None and database.port != int(port):
            database.port = int(port)
            name = database.db_instance_identifier
            database.reachable = world.give_address(name, ports=(database.port,))

    world.later(available)


def _delete_database(call: Call, world: World, database: Any) -> None:
    databases = world.rds(call.region).databases
    name = database.db_instance_identifier
    database.status = "deleting"
    databases[name] = database
    world.take_address(name)

    def gone() -> None:
        databases.pop(name, None)

    world.later(gone)
