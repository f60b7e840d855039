# METADATA
# title: Firewall rules of three clouds in one shape
# description: |
#   Each rule is {address, path, direction, protocol, from, to, source, unknown}. Protocol "any" and ports 0 to
#   65535 where the cloud's rule leaves them open; unknown is true where the source is known only after apply.
# schemas:
# - input: schema.input
package opsctl.network

import data.opsctl.lib
import rego.v1

# AWS: rules inside a group, and rules as resources of their own.
rules contains _aws_rule(change, [property, n], item, unknown, direction) if {
	some change in lib.of_type("AWS::EC2::SecurityGroup")
	some property, direction in {"SecurityGroupIngress": "ingress", "SecurityGroupEgress": "egress"}
	some n, item in object.get(change.change.after, property, [])
	is_object(item)
	unknown := _item_unknown(change, property, n)
}

rules contains _aws_rule(change, [], change.change.after, change.change.after_unknown, direction) if {
	some type, direction in {"AWS::EC2::SecurityGroupIngress": "ingress", "AWS::EC2::SecurityGroupEgress": "egress"}
	some change in lib.of_type(type)
}

# Azure: only what allows is of interest; a rule of many sources and ports is many.
rules contains rule if {
	some change in lib.of_type("Microsoft.Network/networkSecurityGroups")
	some n, item in change.change.after.properties.securityRules
	some rule in _azure(change, ["properties", "securityRules", n], item.properties, _azure_unknown(change, n))
}

# OpenStack: a rule without a source is open to all, unless it names a group.
rules contains _neutron_rule(change, [], change.change.after, change.change.after_unknown) if {
	some change in lib.of_type("OS::Neutron::SecurityGroupRule")
}

rules contains _neutron_rule(change, ["rules", n], item, unknown) if {
	some change in lib.of_type("OS::Neutron::SecurityGroup")
	some n, item in object.get(change.change.after, "rules", [])
	unknown := _item_unknown(change, "rules", n)
}

world_open(rule) if {
	rule.source in {"*", "internet", "any", "0.0.0.0/0", "::/0"}
} else if {
	# Two halves of the Internet are the Internet: a prefix this short is open too.
	_prefix_length(rule.source) < _shortest(rule.source)
	not startswith(rule.source, "fc")
	not startswith(rule.source, "fd")
}

_prefix_length(source) := to_number(split(source, "/")[1]) if regex.match(`^[0-9a-f.:]+/[0-9]{1,3}$`, source)

_shortest(source) := 16 if {
	contains(source, ":")
} else := 8

_aws_rule(change, path, rule, unknown, direction) := {
	"address": change.address,
	"path": path,
	"direction": direction,
	"protocol": _protocol(object.get(rule, "IpProtocol", "-1")),
	"from": _port(object.get(rule, "FromPort", 0), 0),
	"to": _port(object.get(rule, "ToPort", 65535), 65535),
	"source": _aws_source(rule),
	"unknown": _any_unknown(unknown, ["CidrIp", "CidrIpv6"]),
}

_aws_source(rule) := source if {
	is_string(rule.CidrIp)
	source := lower(rule.CidrIp)
} else := source if {
	is_string(rule.CidrIpv6)
	source := lower(rule.CidrIpv6)
} else := ""

_item_unknown(change, property, n) := unknown if {
	unknown := change.change.after_unknown[property][n]
} else := {}

_azure_unknown(change, n) := unknown if {
	unknown := change.change.after_unknown.properties.securityRules[n].properties
} else := {}

_azure(change, path, rule, unknown) := [found |
	lower(rule.access) == "allow"
	some source in _azure_sources(rule, unknown)
	some ports in _azure_ports(rule)
	found := {
		"address": change.address,
		"path": array.concat(path, ["properties"]),
		"direction": {"inbound": "ingress", "outbound": "egress"}[lower(rule.direction)],
		"protocol": _protocol(object.get(rule, "protocol", "*")),
		"from": ports[0],
		"to": ports[1],
		"source": source,
		"unknown": _any_unknown(unknown, _azure_keys(rule)),
	}
]

_azure_keys(rule) := ["sourceAddressPrefix", "sourceAddressPrefixes"] if lower(rule.direction) == "inbound"

# The other side of an outbound rule is where it goes.
_azure_keys(rule) := ["destinationAddressPrefix", "destinationAddressPrefixes"] if lower(rule.direction) == "outbound"

_azure_sources(rule, unknown) := sources if {
	[one, many] := _azure_keys(rule)
	texts := array.concat([object.get(rule, one, "")], object.get(rule, many, []))
	sources := [lower(text) | some text in texts; is_string(text); text != ""]
	count(sources) > 0
} else := [""] if {
	_any_unknown(unknown, _azure_keys(rule))
} else := []

_azure_ports(rule) := ports if {
	texts := array.concat([object.get(rule, "destinationPortRange", "")], object.get(rule, "destinationPortRanges", []))
	ports := [_range(text) | some text in texts; is_string(text); text != ""]
	count(ports) > 0
} else := [[0, 65535]]

_range(text) := [to_number(text), to_number(text)] if regex.match(`^[0-9]+$`, text)

_range(text) := [to_number(parts[0]), to_number(parts[1])] if {
	regex.match(`^[0-9]+-[0-9]+$`, text)
	parts := split(text, "-")
}

_range(text) := [0, 65535] if not regex.match(`^[0-9]+(-[0-9]+)?$`, text)

_neutron_rule(change, path, rule, unknown) := {
	"address": change.address,
	"path": path,
	"direction": object.get(rule, "direction", "ingress"),
	"protocol": _protocol(object.get(rule, "protocol", "any")),
	"from": _port(object.get(rule, "port_range_min", 0), 0),
	"to": _port(object.get(rule, "port_range_max", 65535), 65535),
	"source": _neutron_source(rule, unknown),
	"unknown": _any_unknown(unknown, ["remote_ip_prefix"]),
}

_neutron_source(rule, unknown) := source if {
	is_string(rule.remote_ip_prefix)
	source := lower(rule.remote_ip_prefix)
} else := "" if {
	_neutron_narrowed(rule, unknown)
} else := "*"

_neutron_narrowed(rule, _) if {
	some key in ["remote_group", "remote_group_id", "remote_mode"]
	rule[key] != null
}

_neutron_narrowed(_, unknown) if _any_unknown(unknown, ["remote_ip_prefix", "remote_group", "remote_group_id"])

_any_unknown(unknown, keys) if {
	is_object(unknown)
	unknown != {}
	some key in keys
	_is_unknown(object.get(unknown, key, false))
} else := false

_is_unknown(mark) if mark == true

_is_unknown(mark) if {
	is_array(mark)
	some inner in mark
	inner == true
}

_protocol(value) := object.get(_protocols, text, text) if {
	is_string(value)
	text := lower(value)
} else := object.get(_protocols, text, text) if {
	text := sprintf("%v", [value])
}

_protocols := {
	"-1": "any",
	"*": "any",
	"all": "any",
	"": "any",
	"null": "any",
	"1": "icmp",
	"6": "tcp",
	"17": "udp",
	"58": "icmpv6",
}

_port(value, fallback) := value if {
	is_number(value)
	value >= 0
} else := to_number(value) if {
	is_string(value)
	regex.match(`^[0-9]+$`, value)
} else := fallback
