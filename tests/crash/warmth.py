"""What a warm process has done once for all of its children: imports, and what depends on nothing but the code.

Nothing that a run knows of its stack or of a cloud is shared: settings, connections, tokens and clients are made by
each child. Shared are modules, the tree of commands, the schemas of types, and botocore's description of each service.
"""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from functools import lru_cache, wraps
from io import StringIO
from pathlib import Path
from typing import Any, Final

import boto3
import typer
from botocore.client import ClientCreator
from botocore.loaders import JSONFileLoader, Loader

import orchestrator
import providers
from orchestrator.__main__ import main as opsctl
from orchestrator.bootstrap import catalogue

STACK: Final = "apiVersion: opsctl.dev/v1\nkind: Stack\nmetadata: {name: warm}\n"
VALUE: Final = (
    "apiVersion: opsctl.dev/v1\nkind: Resource\ntype: Local::Value\nmetadata: {name: a}\n"
    'spec: {value: "${1 + 1}"}\n'
)
SDKS: Final = (
    "azure.core.rest",
    "azure.mgmt.core",
    "boto3.session",
    "botocore.handlers",
    "openstack.connection",
    "psycopg",
)
LEFT_OUT: Final = frozenset({"sandbox", "simulation", "testing", "__main__", "compile_schemas"})


def warm_up() -> None:
    """Import and read what a run on three clouds needs; afterwards no collection looks at it again."""
    for name in SDKS:
        importlib.import_module(name)
    for package in (orchestrator, providers):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not LEFT_OUT & set(found.name.split(".")):
                importlib.import_module(found.name)
    types = catalogue()
    for name in types.types():
        types.kind(name)
    typer.main.get_command = lru_cache(maxsize=None)(typer.main.get_command)
    _describe_aws()
    _run_once()
    gc.collect()
    gc.freeze()


def _describe_aws() -> None:
    """Botocore reads megabytes of JSON for each session; what it makes of them is the same for all."""
    JSONFileLoader.load_file = _once(JSONFileLoader.load_file)
    Loader.list_available_services = _once(Loader.list_available_services)
    ClientCreator._load_service_model = _once(ClientCreator._load_service_model)
    ClientCreator._load_service_endpoints_ruleset = _once(ClientCreator._load_service_endpoints_ruleset)
    ClientCreator._create_client_class = _once(ClientCreator._create_client_class)
    keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    for service in ("ec2", "rds", "s3", "sts"):
        boto3.session.Session(**keys).client(service, region_name="eu-west-1")


def _once(method: Any) -> Any:
    """A method whose answer depends on its arguments and not on the object: the first answer is everybody's."""
    answers: dict[Any, Any] = {}

    @wraps(method)
    def answered(self: Any, *arguments: Any, **named: Any) -> Any:
        key = (arguments, tuple(named.items()))
        if key not in answers:
            answers[key] = method(self, *arguments, **named)
        return answers[key]

    return answered


def _run_once() -> None:
    """Import what a command imports at its first use."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        os.chdir(folder)
        Path("opsctl.yaml").write_text(STACK)
        Path("value.yaml").write_text(VALUE)
        for command in ("apply --auto-approve", "plan", "plan --output json", "destroy --auto-approve"):
            sys.argv = ["opsctl", *command.split(), "--parallelism", "1"]
            opsctl()
        os.chdir(here)
