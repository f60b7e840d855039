"""A secret that a cloud makes up and tells without being asked is not kept: Nova's password of a server."""

from __future__ import annotations

import re
from contextlib import closing
from urllib.parse import urlsplit

from tests.crash.arena import ADDRESS, Simulated, stack_file
from tests.crash.command import Stack
from tests.crash.director import Director
from tests.crash.journeys import JOURNEYS, Variant
from tests.crash.wire import Asked, Wire

LOOKS = (
    ("plan", "--output", "json"),
    ("show", "--output", "json"),
    ("state", "show", "server"),
    ("state", "show", "server", "--output", "json"),
    ("state", "pull", "-o", "pulled.json"),
    ("audit", "export", "-o", "audit.jsonl"),
    ("history", "--output", "json"),
)


class Listening(Wire):
    """A wire that remembers which passwords it has carried."""

    def __init__(self, port: int, director: Director) -> None:
        self.heard: list[str] = []
        super().__init__(port, director.reached, director.number, host="127.0.0.7")

    def forward(self, asked: Asked) -> bytes:
        """See the wire."""
        answer = super().forward(asked)
        self.heard += [found.decode() for found in re.findall(rb'"adminPass": *"([^"]+)"', answer)]
        return answer


def test_the_password_that_nova_makes_up_is_written_nowhere(launchers, tmp_path):
    """It stands in the answer to the create, of a server whose spec asks for none: in no file, and in nothing said."""
    director = Director()
    with closing(Simulated("openstack", tmp_path, director, stale=False)) as arena:
        settings = arena.sandbox.settings("openstack")
        wire = Listening(urlsplit(settings[ADDRESS["openstack"]]).port, director)
        stack = Stack(tmp_path / "stack", arena.environ, launchers.first.but(faster=arena.faster))
        with closing(wire):
            text = stack_file("told", {"backend": "sqlite"}, arena).replace("127.0.0.9", "127.0.0.7")
            stack.write("opsctl.yaml", text)
            whole = JOURNEYS["openstack"]()[0]
            stack.write("resources.yaml", Variant("", whole.resources).text({}).replace("IMAGE", arena.image))
            assert stack.opsctl("apply", "--auto-approve", "--output", "json").code == 0
            for look in LOOKS:
                assert stack.opsctl(*look).code == 0, look
        assert wire.heard
        said = "".join(stack.said).encode()
        files = {path.name: path.read_bytes() for path in stack.files()}
        assert {"state.db", "pulled.json", "audit.jsonl"} <= files.keys()
        for password in map(str.encode, wire.heard):
            assert password not in said
            assert [name for name, content in files.items() if password in content] == []
