"""The shape of OS::Nova::Server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.kit.shapes import flag, number, spec, status, text
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.schema import Property
from providers.openstack.kinds.net import BULK
from providers.openstack.kinds.properties import METADATA, TAGS, address, empty_is_none, name

_NETWORK = spec(
    network=text("a network, by name or id"),
    port=text("a port, by id"),
    fixed_ip=text("the address to have there", normalize=address),
)


_DISK = spec(
    image=text("the image that a new volume is made from, by name or id"),
    snapshot_id=text("the snapshot that a new volume is made from, by name or id"),
    volume_id=text("a volume that is there, by name or id"),
    volume_size=number("gibibytes of a new volume", minimum=1),
    volume_type=text("the sort of a new volume"),
    boot_index=number("0 for the disk that it starts from; none: it does not start from it"),
    delete_on_termination=flag("whether the volume goes with the server", default=False),
    device_name=text("the device to ask for; the hypervisor may choose another"),
)


def _refine(wanted: Mapping[str, Any]) -> list[str]:
    return [*_refine_disks(wanted), *_refine_networks(wanted)]


def _refine_disks(wanted: Mapping[str, Any]) -> list[str]:
    disks = wanted.get("block_device_mapping_v2", [])
    if not isinstance(disks, list):
        return []
    found = []
    for disk in disks:
        if (
            isinstance(disk, Mapping)
            and sum(name in disk for name in ("image", "snapshot_id", "volume_id")) != 1
        ):
            found.append("an entry of block_device_mapping_v2 needs one of image, snapshot_id and volume_id")
        if isinstance(disk, Mapping) and "image" in disk and "volume_size" not in disk:
            found.append("a volume made from an image needs its volume_size")
    starts = any(isinstance(disk, Mapping) and disk.get("boot_index") == 0 for disk in disks)
    if "image" not in wanted and not starts:
        found.append(
            "say what it starts from: image, or a disk of block_device_mapping_v2 with boot_index: 0"
        )
    if "image" in wanted and starts:
        found.append("it starts from image or from the disk with boot_index: 0, not from both")
    return found


def _refine_networks(wanted: Mapping[str, Any]) -> list[str]:
    networks = wanted.get("networks")
    if not isinstance(networks, list):
        return []
    found = [
        "an entry of networks needs either a port or a network"
        for entry in networks
        if isinstance(entry, Mapping) and ("port" in entry) == ("network" in entry)
    ]
    if (
        "security_groups" in wanted
        and networks
        and all(isinstance(e, Mapping) and "port" in e for e in networks)
    ):
        found.append("security_groups have no effect on ports: write them at the ports")
    return found


SCHEMA: Final = KindSchema(
    TypeName("OS::Nova::Server"),
    spec(
        name=name("server"),
        image=text("the image that it starts from, by name or id", create_only=True),
        block_device_mapping_v2=Property(
            "array",
            "volumes that it starts from or has from the start; a volume that comes later is a VolumeAttachment",
            items=_DISK,
            create_only=True,
            write_only=True,
        ),
        scheduler_hints=Property(
            "object",
            "what the scheduler is told",
            properties={"group": text("the server group to be in, by name or id")},
            additional=Property(),
            create_only=True,
        ),
        description=Property(("string", "null"), "what it is for", default=None, normalize=empty_is_none),
        flavor=text("the size, by name or id; a change resizes", required=True),
        networks=Property(
            "array", "where it is connected to, in this order", items=_NETWORK, create_only=True
        ),
        security_groups=Property(
            "array",
            "groups of the ports that are made for it, by name or id",
            items=text("a group"),
            unordered=True,
        ),
        key_name=Property(("string", "null"), "the key pair that it lets in", create_only=True),
        user_data=text("what it does at its first start (cloud-init)", create_only=True, write_only=True),
        user_data_format=text(
            "only RAW: sent as it is", enum=("RAW",), default="RAW", create_only=True, write_only=True
        ),
        availability_zone=text("where", create_only=True),
        config_drive=flag("whether it gets its metadata on a drive", default=False, create_only=True),
        admin_pass=text("the administrator's password", secret=True, create_only=True, write_only=True),
        metadata=METADATA,
        tags=TAGS,
    ),
    status(
        name=text("its name"),
        status=text("ACTIVE, BUILD, SHUTOFF, ERROR, ..."),
        addresses=Property("object", "addresses by network name", additional=Property("array")),
        first_address=text("its first fixed address", stable=True),
        networks=Property("object", "fixed addresses by network name", additional=Property("array")),
        flavor=text("the flavor's name"),
        volumes=Property("array", "ids of the volumes that it has"),
        fault=Property("object", "what went wrong, of one in state ERROR", additional=Property()),
        created=text("when it was made", stable=True),
    ),
    "A machine",
    reads=BULK,
    marking=Marking.TAG,
    consistency=3.0,
    readiness=True,
    permissions=(
        "os_compute_api:servers:create",
        "os_compute_api:servers:detail",
        "os_compute_api:servers:show",
        "os_compute_api:servers:update",
        "os_compute_api:servers:resize",
        "os_compute_api:servers:confirm_resize",
        "os_compute_api:servers:delete",
        "os_compute_api:server-metadata:update_all",
        "os_compute_api:os-server-tags:update_all",
        "os_compute_api:os-security-groups:add",
        "os_compute_api:os-security-groups:remove",
    ),
    refine=_refine,
)
