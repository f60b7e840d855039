"""What an expression costs that reads one of many instances: a look at that one, however many there are."""

from __future__ import annotations

from collections import Counter

import pytest

from orchestrator.model.ids import Address, ProviderName, TypeName
from orchestrator.model.resource import Desired
from orchestrator.model.scope import Index, NameError_, Scope, Surroundings
from orchestrator.model.template import parse

FAKE, PUT = ProviderName("fake"), TypeName("Fake::Put")


class Counted(dict):
    """What is known of resources, and how often each was asked for."""

    def __init__(self, known) -> None:
        super().__init__(known)
        self.looks = Counter()

    def get(self, key, default=None):
        self.looks[key] += 1
        return super().get(key, default)


def instances(name, count):
    return [
        Desired(Address(f'{name}["{n}"]'), PUT, FAKE, {}, base=name, each={"key": f"n{n}", "value": f"n{n}"})
        for n in range(count)
    ]


@pytest.fixture
def park():
    """Servers that each read the port of their own key."""
    ports, servers = instances("port", 50), instances("server", 50)
    index = Index([*ports, *servers])
    nodes = Counted(
        {port.address: {"spec": {}, "status": {"id": f"id-{port.each['key']}"}} for port in ports}
    )
    return Scope(Surroundings(), index, nodes), servers, nodes


def test_an_index_that_is_given_looks_at_that_instance_alone(park):
    scope, servers, nodes = park
    template = parse("${port[each.key].status.id}")
    found = [scope.of(server).resolve(template) for server in servers]
    assert found == [f"id-n{number}" for number in range(50)]
    assert len(nodes.looks) == 50
    assert max(nodes.looks.values()) <= 4


def test_the_map_of_all_is_still_a_map(park):
    """Its keys, its size, and what each holds."""
    scope, servers, _ = park
    one = scope.of(servers[0])
    assert one.resolve(parse("${size(port)}")) == 50
    assert one.resolve(parse("${port.map(key, port[key].status.id)}"))[:2] == ["id-n0", "id-n1"]
    assert one.resolve(parse("${'n7' in port}")) is True


def test_an_instance_that_is_none_is_told():
    with pytest.raises(NameError_, match="port has no instance 'n77'"):
        Index(instances("port", 3)).target(("port", "n77", "status"), None)
