"""The compiled schemas: what cfn-lint carries, as far as the provider handles it, and nothing at run time but JSON."""

import json
import subprocess
import sys

import pytest

from orchestrator.model.ids import TypeName
from orchestrator.model.schema import check
from providers.aws import compile_schemas
from providers.aws.kinds import all_kinds

KINDS = all_kinds("eu-central-1")


def test_the_committed_files_are_what_the_compiler_makes():
    """A newer cfn-lint, or another list of properties, shows as a difference."""
    for name, content in compile_schemas.compiled().items():
        assert compile_schemas.file_of(name).read_text() == compile_schemas.render(content), name


def test_every_kind_has_a_file_and_every_file_a_kind():
    """No orphans on either side."""
    assert {str(name) for name in KINDS} == set(compile_schemas.SUPPORTED)
    assert len(list(compile_schemas.FOLDER.glob("*.json"))) == len(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_a_kinds_schema_is_whole(name):
    """Every kind says what it is, how it is read, and how an interrupted create is found."""
    schema = KINDS[name].schema
    assert schema.summary
    assert schema.reads
    assert schema.marking != "none"
    assert set(schema.natural_key) <= set(schema.spec.properties)
    assert "id" in schema.status.properties


def messages(type, spec):
    schema = KINDS[TypeName(type)].schema
    found = [violation.message for violation in check(spec, schema.spec, ("spec",))]
    return found + (schema.refine(spec) if schema.refine and not found else [])


@pytest.mark.parametrize(
    ("type", "spec", "said"),
    [
        ("AWS::EC2::VPC", {}, "CidrBlock is required"),
        ("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/16", "CidrBlok": 1}, "unknown property spec.CidrBlok"),
        ("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/16", "VpcId": "vpc-1"}, "read-only"),
        ("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/16", "EnableDnsSupport": "yes"}, "must be a boolean"),
        ("AWS::EC2::InternetGateway", {"Tags": [{"Key": "aws:x", "Value": "y"}]}, "reserved"),
        ("AWS::EC2::InternetGateway", {"Tags": [{"Key": "opsctl:uid", "Value": "y"}]}, "reserved"),
        ("AWS::EC2::Route", {"RouteTableId": "r", "DestinationCidrBlock": "0.0.0.0/0"}, "one target"),
        ("AWS::EC2::SecurityGroupIngress", {"GroupId": "g", "IpProtocol": "tcp"}, "one of CidrIp"),
        ("AWS::S3::Bucket", {"VersioningConfiguration": {"Status": "On"}}, "not one of"),
    ],
)
def test_a_mistake_is_said(type, spec, said):
    """Names, types, values and what belongs together."""
    assert any(said in message for message in messages(type, spec)), messages(type, spec)


def test_what_aws_writes_otherwise_is_the_same():
    """Blocks, protocols and names are compared in AWS's own form."""
    vpc = KINDS[TypeName("AWS::EC2::VPC")].schema.spec.properties["CidrBlock"].normalize
    rule = (
        KINDS[TypeName("AWS::EC2::SecurityGroup")]
        .schema.spec.properties["SecurityGroupIngress"]
        .items.normalize
    )
    name = KINDS[TypeName("AWS::RDS::DBInstance")].schema.spec.properties["DBInstanceIdentifier"].normalize
    assert vpc("10.1.2.3/16") == "10.1.0.0/16"
    assert vpc("not a block") == "not a block"
    assert rule({"IpProtocol": "6", "CidrIp": "10.0.0.7/8"}) == {"IpProtocol": "tcp", "CidrIp": "10.0.0.0/8"}
    assert rule({"IpProtocol": "all", "FromPort": -1, "ToPort": -1}) == {"IpProtocol": "-1"}
    assert name("MyDb") == "mydb"


def test_kinds_are_known_without_any_sdk_or_simulator():
    """The manifest and every schema come from plain data."""
    code = (
        "import sys, json; from pathlib import Path\n"
        "from orchestrator.seams.manifest import Context\n"
        "from providers.aws import manifest\n"
        "provider = manifest.configure({'region': 'eu-central-1'}, Context('aws', 's', Path()))\n"
        "kinds = len(provider.kinds)\n"
        "heavy = [m for m in ('boto3', 'botocore', 'moto', 'werkzeug', 'cfnlint') if m in sys.modules]\n"
        "print(json.dumps([kinds, heavy]))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(told.stdout) == [len(KINDS), []]
