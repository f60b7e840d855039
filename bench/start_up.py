"""What the OpenStack provider costs before it does anything: CPU, beside the SDK alone.

`python -m bench.start_up [CLOUD]` makes a provider, one kind and a connection with a token (to CLOUD of clouds.yaml, or to the
sandbox that runs), each in a process of its own, and takes the best of seven. The peer is `import openstack`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

from bench.measure import measure

TIMES: Final = 7
CONFIGURE: Final = """
from pathlib import Path
from orchestrator.adapters.sandbox_host import sandbox_settings
from orchestrator.model.ids import ProviderName, StackId
from orchestrator.seams.manifest import Context
from providers.openstack import manifest
settings = {"cloud": CLOUD} if CLOUD else sandbox_settings("openstack")
provider = manifest.configure(settings, Context(ProviderName("openstack"), StackId("bench"), Path()))
provider.kinds["OS::Nova::Server"]
"""
PROGRAMS: Final = {
    "import openstack": "import openstack",
    "a provider and a kind": CONFIGURE,
    "and a token": f"{CONFIGURE}provider.account()",
}


def main(cloud: str = "") -> None:
    """Print a line for each, with its ratio to the SDK alone."""
    peer = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for name, program in PROGRAMS.items():
            whole = f"CLOUD = {cloud!r}\n{program}"
            best = min(measure([sys.executable, "-c", whole], Path(folder)).cpu for _ in range(TIMES))
            peer = peer or best
            sys.stdout.write(f"{name:24} {best:.2f} s CPU  {best / peer:.2f} x\n")


if __name__ == "__main__":
    main(*sys.argv[1:2])
