"""RDS instances: named by their creator, slow to make, change and delete, and holding data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from orchestrator.model.health import Health
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay
from orchestrator.model.marker import Marker
from orchestrator.model.provision import Observed, Request
from providers.aws import health, tags
from providers.aws.client import Client
from providers.aws.kind import ABSENT, Creation, Kind, Step, Wait, changed, generated_name
from providers.aws.kinds.rds import CONSISTENCY, marked, rds, retagged
from providers.aws.schema import lowered, raw, spec_of, status_of

_NUMBERS: Final = ("AllocatedStorage", "Port")
"""CloudFormation writes them as strings, the API as numbers."""
_API_NAMES: Final = {"VPCSecurityGroups": "VpcSecurityGroupIds"}
_DEFAULTS: Final[Mapping[str, Any]] = {
    "AutoMinorVersionUpgrade": True,
    "BackupRetentionPeriod": 1,
    "CopyTagsToSnapshot": False,
    "DeletionProtection": False,
    "EnableCloudwatchLogsExports": [],
    "MultiAZ": False,
    "StorageEncrypted": False,
    "Tags": [],
}
_TOLD: Final = (
    "AllocatedStorage",
    "AutoMinorVersionUpgrade",
    "AvailabilityZone",
    "BackupRetentionPeriod",
    "CopyTagsToSnapshot",
    "DBInstanceClass",
    "DBInstanceIdentifier",
    "DBName",
    "DeletionProtection",
    "Engine",
    "EngineVersion",
    "KmsKeyId",
    "MasterUsername",
    "MaxAllocatedStorage",
    "MultiAZ",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "PubliclyAccessible",
    "StorageEncrypted",
    "StorageType",
)
_LOGS: Final = "EnableCloudwatchLogsExports"
_READY: Final = ("available", "storage-optimization", "backing-up")
_MOVED: Final = "modifying"


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdigit() else value


class Database(Kind):
    """A managed database. It is deleted without a final snapshot: ``lifecycle.deletion: retain`` keeps it."""

    type = "AWS::RDS::DBInstance"
    born_marked = True
    failed = ("failed", "incompatible-create", "incompatible-network", "incompatible-parameters", "deleting")
    pause = 5.0

    def make_schema(self) -> KindSchema:
        """Class, storage and the like change in place, at once; engine, name and credentials' name do not."""
        notes: dict[str, dict[str, Any]] = {
            "DBInstanceIdentifier": {"normalize": lowered},
            "DBSubnetGroupName": {"normalize": lowered},
            "DBInstanceClass": {"required": True},
            "EnableCloudwatchLogsExports": {"unordered": True},
            "Engine": {"required": True, "create_only": True, "normalize": lowered},
            "AvailabilityZone": {"create_only": True},
            "MasterUserPassword": {"secret": True, "write_only": True},
            "PreferredMaintenanceWindow": {"normalize": lowered},
            "VPCSecurityGroups": {"unordered": True},
        }
        notes |= {name: {"type": ("string", "integer"), "normalize": _number} for name in _NUMBERS}
        for name, value in _DEFAULTS.items():
            notes[name] = {**notes.get(name, {}), "default": value}
        return KindSchema(
            type=TypeName(self.type),
            spec=spec_of(self.type, notes),
            status=status_of(self.type, {"DBInstanceIdentifier": "string"}, moving=("DBInstanceStatus",)),
            summary=raw(self.type)["description"],
            reads=(ReadWay(How.BATCH, 100), ReadWay(How.LIST, 100)),
            marking=Marking.NATURAL,
            consistency=CONSISTENCY,
            natural_key=("DBInstanceIdentifier",),
            unique_name="DBInstanceIdentifier",
            stateful=True,
            readiness=True,
            refine=tags.refuse_reserved,
        )

    def named(self, spec: Mapping[str, Any], marker: Marker) -> Mapping[str, Any]:
        """The generated name is the same for one incarnation."""
        return {"DBInstanceIdentifier": generated_name(marker), **spec}

    def read(self, client: Client, ids: Sequence[str] | None) -> Iterator[Observed]:
        """By filter, which leaves out what is not there."""
        if ids is not None and not ids:
            return
        by = {"Filters": [{"Name": "db-instance-id", "Values": list(ids)}]} if ids is not None else {}
        for item in client.pages("rds", "DescribeDBInstances", by, "DBInstances"):
            yield _observed(item)

    def seek(self, client: Client, specs: Sequence[Mapping[str, Any]]) -> list[Observed | None]:
        """By name."""
        names = [spec.get("DBInstanceIdentifier") for spec in specs]
        found = {o.id: o for o in self.read(client, [n.lower() for n in names if isinstance(n, str)])}
        return [found.get(name.lower()) if isinstance(name, str) else None for name in names]

    def creation(self, request: Request, token: str) -> Creation:  # noqa: ARG002
        """One call, then it takes minutes."""
        want = self.named(request.want, request.marker)
        asked = {**_asked(want), "Tags": tags.wanted(request)}
        return Creation(
            rds("CreateDBInstance", asked),
            id=lambda answer: str(answer["DBInstance"]["DBInstanceIdentifier"]),
            then=lambda _: [Wait(_READY)],
        )

    def update(self, request: Request) -> Sequence[Step]:
        """One call for all but tags. One that is still being made was given its password with that."""
        assert request.prior is not None, "an update has something to update"  # noqa: S101
        names = changed(request)
        if request.prior.status["DBInstanceStatus"] == "creating":
            names -= {"MasterUserPassword"}
        wanted = {n: request.want.get(n, _DEFAULTS.get(n)) for n in names if n != "Tags"}
        asked = _asked({name: value for name, value in wanted.items() if value is not None})
        if "Port" in asked:
            asked["DBPortNumber"] = asked.pop("Port")
        if _LOGS in asked:
            asked["CloudwatchLogsExportConfiguration"] = _exports(request.prior.spec, asked.pop(_LOGS))
        if "EngineVersion" in asked:
            asked["AllowMajorVersionUpgrade"] = True
        steps: list[Step] = []
        if asked:
            who = {"DBInstanceIdentifier": request.prior.id, "ApplyImmediately": True}
            steps += [Wait(_READY), rds("ModifyDBInstance", {**who, **asked}), Wait(_READY)]
        return [
            *steps,
            *(retagged(request.prior.status["DBInstanceArn"], request) if "Tags" in names else ()),
        ]

    def retag(self, request: Request) -> Sequence[Step]:
        """By its ARN."""
        assert request.prior is not None, "a retag has something to tag"  # noqa: S101
        return marked(request.prior.status["DBInstanceArn"], request)

    def deletion(self, id: str, request: Request) -> Sequence[Step]:  # noqa: ARG002
        """It holds its subnets and groups until it is gone."""
        asked = {"DBInstanceIdentifier": id, "SkipFinalSnapshot": True}
        return [rds("DeleteDBInstance", asked, "missing"), Wait((ABSENT,))]

    def told(self, prior: Observed, want: Mapping[str, Any]) -> Observed:
        """A version given in part (``8.0``) means whatever the service runs of it (``8.0.35``)."""
        wanted, runs = want.get("EngineVersion"), prior.spec.get("EngineVersion")
        if isinstance(wanted, str) and isinstance(runs, str) and runs.startswith(f"{wanted}."):
            return replace(prior, spec={**prior.spec, "EngineVersion": wanted})
        return prior

    def state(self, observed: Observed | None) -> str:
        """RDS's own word; a change that is still to be applied counts as under way."""
        if observed is None:
            return ABSENT
        status = str(observed.status["DBInstanceStatus"])
        return _MOVED if status in _READY and observed.version == _MOVED else status

    def is_going(self, observed: Observed) -> bool:
        """It is listed until it is gone."""
        return str(observed.status["DBInstanceStatus"]) == "deleting"

    def assess(self, observed: Observed) -> Health:
        """By its status."""
        return health.database(str(observed.status["DBInstanceStatus"]))


def _asked(want: Mapping[str, Any]) -> dict[str, Any]:
    """A spec's properties as the API names and counts them."""
    plain = {_API_NAMES.get(name, name): value for name, value in want.items() if name != "Tags"}
    return {name: _number(value) if name in _NUMBERS else value for name, value in plain.items()}


def _exports(prior: Mapping[str, Any], wanted: Sequence[str]) -> dict[str, list[str]]:
    """ModifyDBInstance asks what is switched on and what off, where creation asks for the whole."""
    told = prior.get(_LOGS, ())
    switched = {
        "EnableLogTypes": [log for log in wanted if log not in told],
        "DisableLogTypes": [log for log in told if log not in wanted],
    }
    return {name: logs for name, logs in switched.items() if logs}


def _observed(item: Mapping[str, Any]) -> Observed:
    spec = {name: item[name] for name in _TOLD if item.get(name) is not None}
    spec["AllocatedStorage"] = str(item.get("AllocatedStorage", ""))
    spec["VPCSecurityGroups"] = sorted(g["VpcSecurityGroupId"] for g in item.get("VpcSecurityGroups", ()))
    spec[_LOGS] = sorted(item.get("EnabledCloudwatchLogsExports", ()))
    spec["Tags"] = tags.spec_tags(item.get("TagList", ()))
    if group := item.get("DBSubnetGroup"):
        spec["DBSubnetGroupName"] = group["DBSubnetGroupName"]
    endpoint = item.get("Endpoint") or {}
    port = endpoint.get("Port") or item.get("DbInstancePort")
    if port:
        spec["Port"] = str(port)
    names = ("DBInstanceIdentifier", "DBInstanceArn", "DBInstanceStatus", "DbiResourceId")
    status = {name: item[name] for name in names}
    if endpoint.get("Address"):
        status["Endpoint"] = {"Address": endpoint["Address"], "Port": str(endpoint["Port"])}
    moving = _MOVED if item.get("PendingModifiedValues") else ""
    marker = tags.read_marker(item.get("TagList", ()))
    return Observed(item["DBInstanceIdentifier"], spec, status, marker, moving)
