"""What the wrapper around moto claims of the real AWS, and who says so."""

from __future__ import annotations

from typing import Final

from orchestrator.kit.simulation.evidence import Behaviour

_IDEMPOTENCY: Final = "vendor-doc:Ensuring idempotency in Amazon EC2 API requests"
_EC2_ERRORS: Final = "vendor-doc:Error codes for the Amazon EC2 API"
_RDS: Final = "vendor-doc:Amazon RDS API Reference, "

BEHAVIOURS: Final = (
    Behaviour("RunInstances with a known ClientToken answers as the first time", _IDEMPOTENCY),
    Behaviour("a known ClientToken with other parameters is IdempotentParameterMismatch", _IDEMPOTENCY),
    Behaviour("EC2 throttles with 503 RequestLimitExceeded", _EC2_ERRORS),
    Behaviour(
        "query services throttle with 400 Throttling", "vendor-doc:Amazon RDS API Reference, Common Errors"
    ),
    Behaviour("S3 throttles with 503 SlowDown", "vendor-doc:Amazon S3 API Reference, Error Responses"),
    Behaviour("errors parse as the SDK's typed errors with a request id", "botocore-shape"),
    Behaviour("a security group in use is a DependencyViolation", _EC2_ERRORS),
    Behaviour("a subnet in use is a DependencyViolation", _EC2_ERRORS),
    Behaviour(
        "a VPC with a gateway or group is a DependencyViolation", "vendor-doc:EC2 API Reference, DeleteVpc"
    ),
    Behaviour("a gateway with mapped public addresses does not detach", _EC2_ERRORS),
    Behaviour("an unknown instance type is InvalidParameterValue", _EC2_ERRORS),
    Behaviour("an AMI id of the wrong form is InvalidAMIID.Malformed", _EC2_ERRORS),
    Behaviour("the type of a running instance is not changed", "vendor-doc:Change the instance type"),
    Behaviour(
        "an instance is pending before it runs, stopping before stopped", "vendor-doc:Instance lifecycle"
    ),
    Behaviour("a public address is released on stop and new on start", "vendor-doc:Instance IP addressing"),
    Behaviour("reads after create may miss an EC2 object", "vendor-doc:Eventual consistency in the EC2 API"),
    Behaviour(
        "a database is creating, modifying, deleting", "vendor-doc:Viewing Amazon RDS DB instance status"
    ),
    Behaviour("a database has no endpoint before it is available", "vendor-doc:CreateDBInstance, Endpoint"),
    Behaviour(
        "a database that is not available is not modified", _RDS + "ModifyDBInstance: InvalidDBInstanceState"
    ),
    Behaviour("a password has 8 printable characters", _RDS + "CreateDBInstance: MasterUserPassword"),
    Behaviour(
        "a bucket is made with its tags",
        "vendor-doc:Amazon S3 API Reference, CreateBucketConfiguration: Tags",
    ),
    Behaviour("monitoring is turned on and off", "botocore-shape"),
    Behaviour("a database moves to another port", _RDS + "ModifyDBInstance: DBPortNumber"),
    Behaviour("an unknown database class is InvalidParameterValue", "none"),
    Behaviour("a final snapshot is named or skipped", _RDS + "DeleteDBInstance: SkipFinalSnapshot"),
    Behaviour("a subnet group covers two zones", _RDS + "DBSubnetGroupDoesNotCoverEnoughAZs"),
    Behaviour("a subnet group's name is taken once", _RDS + "DBSubnetGroupAlreadyExists"),
    Behaviour("a subnet group in use stays", _RDS + "InvalidDBSubnetGroupStateFault"),
    Behaviour("public addresses and endpoints are on loopback", "none"),
)
