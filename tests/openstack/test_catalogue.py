"""The table of kinds: every name leads to the kind of that name, and a stack pays for those that it uses."""

from __future__ import annotations

import subprocess
import sys

import pytest

from orchestrator.model.ids import TypeName
from providers.openstack.catalogue import PLACES, Catalogue

PROGRAM = """
import sys
from pathlib import Path
from orchestrator.model.ids import ProviderName, StackId
from orchestrator.seams.manifest import Context
from providers.openstack import manifest
provider = manifest.configure({"cloud": "x"}, Context(ProviderName("openstack"), StackId("s"), Path()))
assert "OS::Nova::Server" in provider.kinds and len(provider.kinds) > 50
provider.kinds["OS::Neutron::Net"]
print(*(name.rpartition(".")[2] for name in sys.modules if name.startswith(("providers.openstack.kinds.", "openstack"))))
"""


@pytest.mark.parametrize("name", PLACES)
def test_a_type_leads_to_its_own_kind(name):
    assert Catalogue()[TypeName(name)].schema.type == name


def test_a_type_that_is_none_of_ours_is_a_key_error():
    with pytest.raises(KeyError):
        Catalogue()[TypeName("OS::Nova::Nothing")]


def test_a_stack_of_networks_imports_neither_servers_nor_the_sdk():
    """What a start costs is what the stack uses."""
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split())
    assert "net" in loaded
    assert not loaded & {"server", "volume", "octavia", "identity", "openstack", "config", "connection"}
