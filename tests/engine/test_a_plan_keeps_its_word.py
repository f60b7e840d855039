"""A value in a plan is Unknown or equals what apply uses, and a plan does not depend on the order of files."""

from __future__ import annotations

import importlib.util
import random
import sys
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.engine.planning import sealed
from orchestrator.engine.stepping import fills
from orchestrator.model.change import Action
from orchestrator.model.codec import encode
from orchestrator.testing.provider import FakeProvider


def load_world(folder):
    name = "engine_world_for_plans"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("conftest.py"))
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name].World(folder)


@st.composite
def webs(draw):
    """Resources that read each other's spec and status, in many ways."""
    specs = {}
    for i in range(draw(st.integers(1, 6))):
        others = list(range(i))
        tags = {}
        for key in draw(st.lists(st.sampled_from("xyz"), unique=True)):
            choices = ["plain"]
            for other in others:
                choices += [
                    f"${{r{other}.status.id}}",
                    f"at ${{r{other}.status.address}}",
                    f"${{r{other}.spec.name + '-' + string(r{other}.spec.size)}}",
                    f"${{string(r{other}.status.version)}}",
                    f"${{r{other}.spec.tags.?x.orValue('none')}}",
                ]
            tags[key] = draw(st.sampled_from(choices))
        specs[f"r{i}"] = {"size": draw(st.integers(1, 2)), "zone": draw(st.sampled_from("ab")), "tags": tags}
    return specs


class Listening(FakeProvider):
    """A provider that remembers what it was asked for."""

    def begin(self, request, token):
        self.cloud.asked.append(request)
        return super().begin(request, token)


def desire(world, specs):
    world.documents.clear()
    for name, spec in specs.items():
        world.want(name, "Tag", spec=dict(spec))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(webs(), webs())
def test_what_apply_sends_is_what_the_plan_said_with_its_unknowns_filled(first, second):
    with tempfile.TemporaryDirectory() as folder:
        world = load_world(Path(folder))
        world.cloud.asked = []
        module = sys.modules[type(world).__module__]
        original, module.FakeProvider = module.FakeProvider, Listening
        try:
            for specs in (first, second):
                desire(world, specs)
                planned = {c.address: c.after for c in world.plan().plan.changes}
                world.cloud.asked.clear()
                assert world.apply().exit_code == 0
                sent = [r for r in world.cloud.asked if r.action in (Action.CREATE, Action.UPDATE)]
                for request in sent:
                    assert fills(planned[request.address], request.want), request.address
                assert world.plan().plan.empty
        finally:
            module.FakeProvider = original


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(webs(), st.integers())
def test_the_bytes_of_a_plan_do_not_depend_on_the_order_of_documents(specs, seed):
    with tempfile.TemporaryDirectory() as folder:
        world = load_world(Path(folder))
        desire(world, specs)
        first = encode(sealed(world.plan().plan))
        items = list(specs.items())
        random.Random(seed).shuffle(items)
        desire(world, dict(items))
        assert encode(sealed(world.plan().plan)) == first
