"""What Cinder has beside volumes and their attachments: types, QoS specs, snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.kit.fields import picked
from orchestrator.kit.shapes import flag, number, spec, status, text
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.schema import Property
from providers.openstack.kinds.collection import (
    Carried,
    CollectionKind,
    Part,
    Progress,
    keyed,
    members,
)
from providers.openstack.kinds.fields import Field, reference
from providers.openstack.kinds.kind import Body, Cloud, Spec
from providers.openstack.kinds.listing import Listing
from providers.openstack.kinds.net import BULK
from providers.openstack.kinds.properties import METADATA, empty_is_none, name

_ACCESS: Final = "os-volume-type-access:is_public"
_OR_NOTHING: Final = ("string", "null")


def _projects(cloud: Cloud, body: Body, wanted: Any) -> list[str]:
    """Who may use a private type: one call each, none for public ones."""
    if body["is_public"]:
        return []
    found = cloud.client.get("volume", f"/types/{body['id']}/os-volume-type-access")["volume_type_access"]
    return sorted(cloud.names.spelled_all("project", wanted, [str(entry["project_id"]) for entry in found]))


_change_access = members(
    "volume", "/types/{}/action", add="addProjectAccess", remove="removeProjectAccess", key="project"
)


def _write_projects(cloud: Cloud, id: str, wanted: Any, seen: Any) -> None:
    ids = [[cloud.names.id("project", name) for name in names or ()] for names in (wanted, seen)]
    _change_access(cloud, id, *ids)


def _write_qos(cloud: Cloud, id: str, wanted: Any, seen: Any) -> None:
    """Let the old specs go before the new ones come: a type has one of them at most."""
    for verb, key in (("disassociate", seen), ("associate", wanted)):
        if key:
            specs = cloud.names.id("qos_specs", key)
            cloud.client.get("volume", f"/qos-specs/{specs}/{verb}", vol_type_id=id)


def _qos(cloud: Cloud, body: Body, wanted: Any) -> Any:
    key = body.get("qos_specs_id")
    return key and cloud.names.spelled("qos_specs", wanted, str(key))


def _opened(_cloud: Cloud, body: dict[str, Any], _wanted: Spec) -> dict[str, Any]:
    """POST and PUT name the same attribute differently."""
    return {_ACCESS if key == "is_public" else key: value for key, value in body.items()}


def _refine_type(wanted: Mapping[str, Any]) -> list[str]:
    if wanted.get("projects") and wanted.get("is_public", True) is True:
        return ["everybody may use a public type: projects need is_public: false"]
    return []


TYPE: Final = CollectionKind(
    KindSchema(
        TypeName("OS::Cinder::VolumeType"),
        spec(
            name=text("the type's name, of which there is one in the cloud", required=True),
            description=Property(_OR_NOTHING, "what it is for", default=None, normalize=empty_is_none),
            is_public=flag("whether every project may use it", default=True),
            metadata=Property(
                "object",
                "its extra specs: what the scheduler and the driver are told",
                additional=text("a value"),
                default={},
            ),
            projects=Property(
                "array",
                "the projects that may use a private one, by name or id",
                items=text("a project"),
                unordered=True,
                default=[],
            ),
            qos_specs=Property(_OR_NOTHING, "the QoS specs of its volumes, by name or id", default=None),
        ),
        status(
            name=text("its name"),
            extra_specs=Property("object", "its extra specs", additional=text("a value")),
        ),
        "A sort of storage; administrators only",
        reads=BULK,
        marking=Marking.NATURAL,
        natural_key=("name",),
        unique_name="name",
        permissions=(
            "volume_extension:type_get_all",
            "volume_extension:type_get",
            "volume_extension:types_extra_specs:index",
            "volume_extension:type_create",
            "volume_extension:type_update",
            "volume_extension:type_delete",
            "volume_extension:types_extra_specs:create",
            "volume_extension:volume_type_access:addProjectAccess",
        ),
        refine=_refine_type,
    ),
    Listing("volume", "/types", "volume_type", "volume_types", query={"is_public": "None"}),
    # Cinder takes no null here, and shows an empty text as it is.
    (Field("name"), Field("description", to=lambda _c, value: value or ""), Field("is_public")),
    lambda body: picked(body, "name", "extra_specs"),
    parts=(
        Part(
            "metadata",
            keyed("volume", "/types/{}/extra_specs", "extra_specs"),
            lambda _cloud, body, _wanted: dict(body.get("extra_specs") or {}),
        ),
        Part("projects", _write_projects, _projects),
        Part("qos_specs", _write_qos, _qos, clears=True),
    ),
    creating=_opened,
)


def _write_specs(cloud: Cloud, id: str, wanted: Any, seen: Any) -> None:
    extra = sorted((seen or {}).keys() - wanted.keys())
    if extra:
        cloud.client.send("volume", "PUT", f"/qos-specs/{id}/delete_keys", {"keys": extra})
    fresh = {key: value for key, value in wanted.items() if (seen or {}).get(key) != value}
    if fresh:
        cloud.client.send("volume", "PUT", f"/qos-specs/{id}", {"qos_specs": fresh})


QOS: Final = CollectionKind(
    KindSchema(
        TypeName("OS::Cinder::QoSSpecs"),
        spec(
            name=text("their name, of which there is one in the cloud", required=True, create_only=True),
            consumer=text("who enforces them", enum=("back-end", "front-end", "both"), default="back-end"),
            specs=Property("object", "limits and what else is meant", additional=text("a value"), default={}),
        ),
        status(name=text("their name", stable=True)),
        "Limits that volume types put on their volumes; administrators only",
        reads=BULK,
        marking=Marking.NATURAL,
        natural_key=("name",),
        unique_name="name",
        permissions=(
            "volume_extension:qos_specs_manage:get_all",
            "volume_extension:qos_specs_manage:get",
            "volume_extension:qos_specs_manage:create",
            "volume_extension:qos_specs_manage:update",
            "volume_extension:qos_specs_manage:delete",
        ),
    ),
    Listing("volume", "/qos-specs", "qos_specs", "qos_specs"),
    (Field("name"), Field("consumer")),
    lambda body: picked(body, "name"),
    parts=(Part("specs", _write_specs, lambda _cloud, body, _wanted: dict(body.get("specs") or {})),),
)


def _alive(body: Body) -> bool:
    return body.get("status") not in {"deleting", "deleted"}


def _send_metadata(cloud: Cloud, id: str, body: dict[str, Any]) -> None:
    cloud.client.send("volume", "PUT", f"/snapshots/{id}/metadata", body)


SNAPSHOT: Final = CollectionKind(
    KindSchema(
        TypeName("OS::Cinder::Snapshot"),
        spec(
            volume_id=text("the volume, by name or id", required=True, create_only=True),
            name=name("snapshot"),
            description=Property(_OR_NOTHING, "what it is for", default=None, normalize=empty_is_none),
            force=flag(
                "whether a volume that a server has is taken as it is",
                default=False,
                create_only=True,
                write_only=True,
            ),
            metadata=METADATA,
        ),
        status(
            name=text("its name"),
            status=text("available once it can be used"),
            size=number("gibibytes", stable=True),
            volume_id=text("the volume's id", stable=True),
            created_at=text("when it was made", stable=True),
        ),
        "A volume as it was at one moment",
        reads=BULK,
        marking=Marking.TAG,
        consistency=2.0,
        stateful=True,
        readiness=True,
        permissions=(
            "volume:create_snapshot",
            "volume:get_snapshot",
            "volume:update_snapshot",
            "volume:delete_snapshot",
        ),
    ),
    Listing("volume", "/snapshots", "snapshot", "snapshots", detail="/detail", alive=_alive),
    (reference("volume_id", "volume_id", "volume"), Field("name"), Field("description"), Field("force")),
    lambda body: picked(body, "name", "status", "size", "volume_id", "created_at"),
    carried=Carried("metadata", _send_metadata),
    progress=Progress(("available",), ("error",), lingers=True),
)
