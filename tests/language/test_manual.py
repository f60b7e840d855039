"""What the manual shows is what is read."""

from __future__ import annotations

import re
from pathlib import Path

from orchestrator.stages.load import load

MANUAL = Path(__file__).parents[2] / "docs" / "language.md"


def test_the_examples_of_the_manual_make_a_stack(write):
    resource, stack, environment = re.findall(r"```yaml\n(.*?)```", MANUAL.read_text(), re.DOTALL)
    folder = write(stack, web=resource, environments__prod=environment)
    loaded = load(folder, environment="prod", params={"password": "hush"})
    assert loaded.diagnostics == ()
    assert loaded.stack.id == "shop-7f3a-prod"
    (web,) = loaded.documents
    assert web.body["spec"]["InstanceType"] == "m5.large"
    assert web.body["metadata"]["labels"] == {"app": "shop", "tier": "gold"}
