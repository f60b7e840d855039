"""The shape of OS::Nova::Server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.schema import Property
from providers.openstack.kinds.net import BULK
from providers.openstack.kinds.properties import (
    METADATA,
    TAGS,
    address,
    flag,
    name,
    spec,
    status,
    text,
)

_NETWORK = spec(
    network=text("a network, by name or id"),
    port=text("a port, by id"),
    fixed_ip=text("the address to have there", normalize=address),
)


def _refine(wanted: Mapping[str, Any]) -> list[str]:
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
        image=text("the image, by name or id", required=True, create_only=True),
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
