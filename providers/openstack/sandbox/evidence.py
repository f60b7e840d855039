"""What this simulator claims about the real cloud, and who says so."""

from __future__ import annotations

from orchestrator.kit.simulation.evidence import Behaviour

_REAL = "recorded:keystone, nova, neutron, cinder and glance of release 2026.1"
_SDK = "sdk:openstacksdk 4.22, unmodified"

BEHAVIOURS = (
    Behaviour("version documents and microversion headers", _REAL),
    Behaviour("tokens by password, catalogue, 401 bodies", _REAL),
    Behaviour("406 for a microversion that is not served", _REAL),
    Behaviour("shapes of old microversions", "vendor-doc:REST API Version History of nova"),
    Behaviour("network: defaults, refusals, update, tags, filters", _REAL),
    Behaviour("subnet: normalised cidr, gateway, pools, refusals", _REAL),
    Behaviour("router: gateway, interfaces, refusals while in use", _REAL),
    Behaviour("port: addresses, SLAAC, pairs, refusals", _REAL),
    Behaviour("security group: two egress rules, refusals while in use", _REAL),
    Behaviour("rule: normalised protocol and prefix, duplicates, refusals", _REAL),
    Behaviour("floating address: association, refusals while needed", _REAL),
    Behaviour("tags refused in POST, replaced and added later", _REAL),
    Behaviour("revision numbers and If-Match", _REAL),
    Behaviour("a network takes its subnets along", _REAL),
    Behaviour("pages by marker and limit with links", _REAL),
    Behaviour("server: 202 with ids only, BUILD, ACTIVE, deleting, 404", _REAL),
    Behaviour("server: refusals of a wrong request", _REAL),
    Behaviour("server: metadata, tags and actions with state checks", _REAL),
    Behaviour("server: resize, VERIFY_RESIZE, confirm", _REAL),
    Behaviour("server: no valid host ends in ERROR with a fault", _REAL),
    Behaviour("key pairs: import, fingerprint, refusals", _REAL),
    Behaviour("volume: creating, available, extend, in-use, refusals", _REAL),
    Behaviour("volume attachment and detachment", _REAL),
    Behaviour("quotas: nova 403, neutron 409, cinder 413", _REAL),
    Behaviour("flavors: made, extra specs, access to private ones, refusals", _REAL),
    Behaviour("host aggregates: hosts, metadata, refusals", _REAL),
    Behaviour("server groups", _REAL),
    Behaviour("volume types: extra specs, access; QoS specs and their association", _REAL),
    Behaviour("snapshots: creating, available, deleting, 404; a volume with one cannot go", _REAL),
    Behaviour("projects, users, groups, roles: made, changed, deleted, conflicts of names", _REAL),
    Behaviour("grants and memberships by PUT, HEAD and DELETE", _REAL),
    Behaviour("application credentials: the secret is told once; implied roles come along", _REAL),
    Behaviour("images: list, filters, one by id", _REAL),
    Behaviour("images: made, sent data, changed by JSON patches, deleted", _REAL),
    Behaviour("containers: headers, metadata added and removed, 409 while not empty", _REAL),
    Behaviour("objects: ETags, metadata replaced by a POST, static large objects", _REAL),
    Behaviour("servers from volumes, in server groups", _REAL),
    Behaviour("zones and record sets: PENDING, ACTIVE, refusals", "vendor-doc:Designate API reference v2"),
    Behaviour("containers of secrets", "vendor-doc:Barbican Key Manager API v1"),
    Behaviour(
        "secrets: stored, listed by name, payload by content type", "vendor-doc:Barbican Key Manager API v1"
    ),
    Behaviour("lists, waits and finds of the client library", _SDK),
    Behaviour("throttling: 429 with Retry-After", "vendor-doc:oslo.limit and deployment proxies"),
    Behaviour("a floating address answers by its server's state and its rules", "none"),
    Behaviour("how long a transition takes", "none"),
)
