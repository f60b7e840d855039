"""OS::Neutron::RBACPolicy: lets another project use an object. What it says is what it is."""

from __future__ import annotations

from orchestrator.kit.fields import picked
from orchestrator.kit.shapes import spec, status, text
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from providers.openstack.kinds.children import ChildKind
from providers.openstack.kinds.fields import Field
from providers.openstack.kinds.kind import Body
from providers.openstack.kinds.net import BULK

_TYPES = ("network", "qos_policy", "security_group", "address_scope", "subnetpool", "address_group")


def _status(body: Body) -> dict[str, object]:
    return picked(body, "object_id", "object_type", "action", "target_tenant")


KIND = ChildKind(
    KindSchema(
        TypeName("OS::Neutron::RBACPolicy"),
        spec(
            object_type=text("what sort of object it is", enum=_TYPES, default="network", create_only=True),
            object_id=text("the object's id", required=True, create_only=True),
            action=text(
                "what is allowed",
                enum=("access_as_shared", "access_as_external"),
                default="access_as_shared",
                create_only=True,
            ),
            target_tenant=text("the id of the project that it is allowed to; `*` for all", required=True),
        ),
        status(target_tenant=text("the project that it is allowed to")),
        "Lets another project use an object",
        reads=BULK,
        marking=Marking.NATURAL,
        consistency=2.0,
        natural_key=("object_type", "object_id", "action", "target_tenant"),
        permissions=("create_rbac_policy", "get_rbac_policy", "update_rbac_policy", "delete_rbac_policy"),
    ),
    label="rbac_policy",
    path="/rbac-policies",
    fields=(Field("object_type"), Field("object_id"), Field("action"), Field("target_tenant")),
    status=_status,
    exists=("DuplicateRbacPolicy",),
)
