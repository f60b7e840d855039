"""What kinds do beyond one call: servers from volumes, uploads that are checked, secrets that are told once."""

from __future__ import annotations

import hashlib
import tracemalloc
from pathlib import Path

import pytest

from orchestrator.kit.simulation.faults import Rule
from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError, TransientError
from orchestrator.model.ids import Address, ProviderName, TypeName
from orchestrator.model.kind import How, ReadWay
from orchestrator.model.provision import Pending, Ref, Request
from orchestrator.model.values import Secret
from orchestrator.seams.manifest import Context
from providers.openstack.provider import OpenStackProvider
from providers.openstack.uploads import PIECE, Upload
from tests.openstack.conftest import STACK

MIB = 1 << 20


@pytest.fixture
def folder(request, tmp_path) -> Path:
    """The stack's folder, which the provider of the bench counts files from."""
    where = "on_simulator" if "on_simulator" in request.fixturenames else "bench"
    bench = request.getfixturevalue(where)
    context = Context(ProviderName("openstack"), STACK, tmp_path)
    bench.provider = OpenStackProvider(bench.settings, context)
    return tmp_path


def net(bench) -> str:
    made = bench.make("OS::Neutron::Net", {"name": bench.name})
    bench.make("OS::Neutron::Subnet", {"network": made.id, "cidr": "10.9.0.0/24"})
    return made.id


def volumes(bench) -> set[str]:
    return {v["id"] for v in bench.raw.block_storage.get("/volumes").json()["volumes"]}


def test_a_server_starts_from_a_volume_that_goes_with_it(bench):
    disk = {"image": "cirros", "volume_size": 1, "boot_index": 0, "delete_on_termination": True}
    spec = {
        "name": bench.name,
        "flavor": "m1.tiny",
        "networks": [{"network": net(bench)}],
        "block_device_mapping_v2": [disk],
    }
    server = bench.make("OS::Nova::Server", spec)
    (volume,) = server.status["volumes"]
    assert volume in volumes(bench)
    seen = bench.read("OS::Nova::Server", server, spec)
    assert (seen.spec["image"], bench.propose("OS::Nova::Server", seen, spec).changes) == (None, ())
    larger = {**spec, "block_device_mapping_v2": [{**disk, "volume_size": 2}]}
    assert bench.propose("OS::Nova::Server", seen, larger, spec).action is Action.REPLACE
    bench.delete("OS::Nova::Server", server)
    bench.until(lambda: volume not in volumes(bench))


def test_a_server_is_placed_by_its_group(bench):
    group = bench.make("OS::Nova::ServerGroup", {"name": bench.name, "policies": ["anti-affinity"]})
    spec = {
        "name": bench.name,
        "image": "cirros",
        "flavor": "m1.tiny",
        "networks": [{"network": net(bench)}],
        "scheduler_hints": {"group": bench.name},
        "description": "one of two",
    }
    server = bench.make("OS::Nova::Server", spec)
    assert bench.propose("OS::Nova::Server", bench.read("OS::Nova::Server", server, spec), spec).changes == ()
    seen = bench.read("OS::Nova::ServerGroup", group, {"name": bench.name})
    assert seen.status["members"] == [server.id]


def test_a_server_that_finds_no_host_says_why_and_what_comes_next(on_simulator, simulated):
    bench = on_simulator
    simulated.cloud.quotas.ram = 10**9
    flavor = {"id": "huge", "name": "huge", "ram": 64000, "vcpus": 1, "disk": 1, "_public": True}
    simulated.cloud.add("flavors", flavor)
    spec = {"name": bench.name, "image": "cirros", "flavor": "huge", "networks": []}
    with pytest.raises(PermanentError) as failure:
        bench.make("OS::Nova::Server", spec)
    assert "No valid host was found" in failure.value.message
    assert "the next apply deletes it and makes it again" in failure.value.message


def test_a_volume_that_was_made_from_an_image_is_adopted_as_it_is(bench):
    """The image's name in the spec and the id that Cinder tells are one."""
    made = bench.raw.block_storage.create_volume(
        name=bench.name, size=1, image_id=bench.raw.image.find_image("cirros").id
    )
    bench.until(lambda: bench.raw.block_storage.get_volume(made.id).status == "available")
    spec = {"name": bench.name, "size": 1, "image": "cirros"}
    ref = Ref(Address("disk"), made.id, spec)
    found = bench.provider.read_many(TypeName("OS::Cinder::Volume"), [ref], ReadWay(How.GET)).found
    seen = found[Address("disk")]
    bench.keep("OS::Cinder::Volume", seen)
    assert bench.propose("OS::Cinder::Volume", seen, spec, {}).changes == ()
    adopted = bench.change("OS::Cinder::Volume", seen, spec, {}, action=Action.RETAG)
    assert adopted.marker is not None


def test_an_image_is_sent_in_pieces_and_held_against_its_hash(bench, folder):
    (folder / "disk.raw").write_bytes(bytes(range(256)) * 20_000)
    spec = {"name": bench.name, "disk_format": "raw", "source": "disk.raw"}
    image = bench.make("OS::Glance::WebImage", spec)
    wanted = hashlib.sha512((folder / "disk.raw").read_bytes()).hexdigest()
    assert (image.status["os_hash_value"], image.status["size"]) == (wanted, 256 * 20_000)
    (folder / "disk.raw").write_bytes(b"another system")
    seen = bench.read("OS::Glance::WebImage", image, spec)
    proposal = bench.propose("OS::Glance::WebImage", seen, spec)
    assert (proposal.action, [c.path for c in proposal.changes]) == (Action.REPLACE, [("source",)])


def test_an_upload_holds_one_piece_in_memory(tmp_path):
    with (tmp_path / "large").open("wb") as file:
        file.truncate(64 * MIB)
    upload = Upload(tmp_path / "large")
    tracemalloc.start()
    sizes = [len(piece) for piece in upload]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (sum(sizes), max(sizes), len(upload)) == (64 * MIB, PIECE, 64 * MIB)
    assert peak < 4 * MIB
    assert upload.md5 == hashlib.md5(bytes(64 * MIB), usedforsecurity=False).hexdigest()


def test_an_image_that_was_never_sent_is_sent_by_the_next_apply(on_simulator, folder):
    """A run that died between the create and the upload: the image is found, and gets its data by an update."""
    bench = on_simulator
    (folder / "disk.raw").write_bytes(b"system")
    spec = {"name": bench.name, "disk_format": "raw", "source": "disk.raw"}
    request = Request(
        Action.CREATE, TypeName("OS::Glance::WebImage"), Address("image"), bench.marker("image"), spec
    )
    token = bench.token()
    bench.provider.begin(request, token)
    found = bench.provider.find(bench.intent(request, token))
    bench.keep("OS::Glance::WebImage", found)
    assert found.status["status"] == "queued"
    proposal = bench.propose("OS::Glance::WebImage", found, spec, {})
    assert proposal.action is Action.UPDATE
    done = bench.change("OS::Glance::WebImage", found, spec)
    assert (done.status["status"], done.status["size"]) == ("active", 6)


@pytest.mark.extras
def test_a_large_file_goes_in_segments_that_leave_nothing_behind(bench, folder):
    (folder / "film").write_bytes(bytes(range(250)) * 10_000)
    bench.make("OS::Swift::Container", {"name": bench.name})
    spec = {"container": bench.name, "name": "film", "source": "film", "segment_size": MIB}
    made = bench.make("OS::Swift::Object", spec)
    assert made.status["size"] == 2_500_000
    parts = f"/{bench.name}_segments"
    assert len(bench.raw.object_store.get(parts, params={"format": "json"}).json()) == 3
    assert bench.propose("OS::Swift::Object", bench.read("OS::Swift::Object", made, spec), spec).changes == ()
    (folder / "film").write_bytes(bytes(range(250)) * 9_000)
    seen = bench.read("OS::Swift::Object", made, spec)
    assert [c.path for c in bench.propose("OS::Swift::Object", seen, spec).changes] == [("source",)]
    again = bench.change("OS::Swift::Object", seen, spec)
    assert again.status["size"] == 2_250_000
    assert bench.raw.object_store.get(f"/{bench.name}/film").content == (folder / "film").read_bytes()
    bench.delete("OS::Swift::Object", again)
    assert bench.raw.object_store.get(parts, params={"format": "json"}).json() == []
    bench.raw.object_store.delete(parts).raise_for_status()


def test_data_is_sent_again_from_its_start_with_a_new_token(on_simulator, simulated, folder):
    """The token ends while a file is on its way: what arrives is the whole file all the same."""
    bench = on_simulator
    (folder / "notes").write_bytes(b"every word of it")
    bench.make("OS::Swift::Container", {"name": bench.name})
    simulated.cloud.tokens.clear()
    spec = {"container": bench.name, "name": "notes", "source": "notes"}
    made = bench.make("OS::Swift::Object", spec)
    connection = simulated.connect()
    assert connection.object_store.get(f"/{bench.name}/notes").content == b"every word of it"
    connection.close()
    assert made.status["size"] == 16


def test_a_token_that_ends_in_the_middle_of_a_run_is_renewed(on_simulator, simulated):
    bench = on_simulator
    first = bench.make("OS::Neutron::Net", {"name": bench.name})
    simulated.cloud.tokens.clear()
    second = bench.make("OS::Neutron::Net", {"name": f"{bench.name}-2"})
    assert bench.read("OS::Neutron::Net", first, {}) is not None
    signed_in = sum(
        n for call, n in bench.provider.calls.items() if call.startswith("POST /identity/v3/auth")
    )
    assert (second.spec["name"], signed_in) == (f"{bench.name}-2", 2)


def test_a_container_that_holds_objects_says_what_to_do(on_simulator):
    bench = on_simulator
    spec = {"name": bench.name}
    container = bench.make("OS::Swift::Container", spec)
    bench.raw.object_store.put(f"/{bench.name}/one", data=b"1").raise_for_status()
    with pytest.raises(PermanentError, match="PurgeOnDelete: true"):
        bench.delete("OS::Swift::Container", container)
    request = Request(
        Action.DELETE,
        TypeName("OS::Swift::Container"),
        Address("c"),
        bench.marker("c"),
        prior=container,
        last={**spec, "PurgeOnDelete": True},
    )
    assert bench.drive(request) is None
    assert bench.raw.object_store.head(f"/{bench.name}").status_code == 404


@pytest.mark.extras
def test_the_secret_of_an_application_credential_is_told_once_and_lets_in(bench):
    spec = {"name": bench.name, "roles": ["member"]}
    made = bench.make("OS::Keystone::ApplicationCredential", spec)
    told = made.status["secret"]
    assert isinstance(told, Secret)
    seen = bench.read("OS::Keystone::ApplicationCredential", made, spec)
    assert "secret" not in seen.status
    url = bench.raw.session.auth.auth_url
    settings = {
        "auth_url": url,
        "application_credential_id": made.id,
        "application_credential_secret": told,
        "region_name": "RegionOne",
    }
    context = Context(ProviderName("openstack"), STACK, Path())
    other = OpenStackProvider(settings, context)
    assert other.account() == bench.provider.account()
    made_by_it = other.begin(
        Request(
            Action.CREATE,
            TypeName("OS::Swift::Container"),
            Address("c"),
            bench.marker("c"),
            {"name": f"{bench.name}-c"},
        ),
        bench.token(),
    )
    assert not isinstance(made_by_it, Pending)
    bench.keep("OS::Swift::Container", made_by_it.observed)


def test_two_server_groups_of_one_name_are_both_named(on_simulator):
    """A name that fits two is no way to say which is meant."""
    bench = on_simulator
    spec = {"name": bench.name, "policies": ["affinity"]}
    ids = [bench.make("OS::Nova::ServerGroup", spec).id for _ in range(2)]
    with pytest.raises(PermanentError) as failure:
        bench.look_for("OS::Nova::ServerGroup", spec)
    assert all(id in failure.value.message for id in ids)


def test_what_a_member_may_not_do_is_said_in_the_clouds_words(on_simulator):
    with pytest.raises(PermanentError, match="os-flavor-manage:create"):
        on_simulator.make("OS::Nova::Flavor", {"name": "x", "ram": 64, "vcpus": 1})
    with pytest.raises(PermanentError, match="identity:create_project"):
        on_simulator.make("OS::Keystone::Project", {"name": "x"})


def test_an_upload_that_arrives_damaged_is_removed(on_simulator, folder, monkeypatch):
    """Swift's ETag is not the MD5 of what was sent: nobody is to find half a file under the name."""
    bench = on_simulator
    (folder / "notes").write_bytes(b"every word of it")
    bench.make("OS::Swift::Container", {"name": bench.name})
    monkeypatch.setattr("providers.openstack.sandbox.swift._told_etag", lambda _body: "0" * 32)
    with pytest.raises(PermanentError, match="not what was sent"):
        bench.make("OS::Swift::Object", {"container": bench.name, "name": "notes", "source": "notes"})
    monkeypatch.undo()
    assert bench.raw.object_store.head(f"/{bench.name}/notes").status_code == 404


def test_an_upload_that_the_cloud_has_no_time_for_can_be_tried_again(on_simulator, folder, simulated):
    """A transient refusal of a PUT is told as one, so that it is made again."""
    bench = on_simulator
    (folder / "notes").write_bytes(b"x")
    bench.make("OS::Swift::Container", {"name": bench.name})
    simulated.faults.replace([Rule("error", "PUT /v1/*", "openstack", status=503, times=1)])
    spec = {"container": bench.name, "name": "notes", "source": "notes"}
    with pytest.raises(TransientError):
        bench.make("OS::Swift::Object", spec)
    assert bench.make("OS::Swift::Object", spec).status["size"] == 1
