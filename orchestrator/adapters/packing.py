"""Bodies of the state, made smaller before they are sealed: deflate (RFC 1951) with a dictionary of our own.

Enters and leaves: bytes. Holds: a body is packed by itself, and the dictionary is fixed for ever: it holds what bodies of
this program have in common, and nothing of any stack. Most bodies have some hundred bytes, of which names are the greater
part; without the dictionary they would hardly get smaller.
"""

from __future__ import annotations

import zlib
from typing import Final

from orchestrator.model.errors import StateError

_DICTIONARY: Final = (
    b'"AllocationId":"CidrBlock":"Description":"","InstanceId":"ResourceGroup":"SecurityGroupIds":["sg-'
    b'"SubnetId":"subnet-"Tags":[{"Key":"Name","Value":""}],"VpcId":"vpc-0"arn:aws:'
    b'"description":"","enabled":true,"location":"westeurope","networks":[{"network":"","properties":{'
    b'"provisioningState":"Succeeded","security_groups":["status":"ACTIVE","tags":{"'
    b'"/subscriptions/"/resourceGroups/"/providers/Microsoft.Network/Microsoft.Compute/Microsoft.Storage/'
    b'"AWS::EC2::"AWS::IAM::"AWS::RDS::"AWS::S3::"OS::Neutron::"OS::Nova::"Local::Value"'
    b'{"entry":"waiting","format":2,"handle":{"entry":"finished","entry":"started","entry":"link","format":2,'
    b'{"entry":"began","format":2,"intent":{"action":"create","address":"","at":0.0,"dependencies":[],"deposes":"",'
    b'"handle":null,"id":null,"lapsed":0.0,"marker":{"address":"","stack":"","uid":""},"provider":"aws","sinks":{},'
    b'"spec":{"token":"","type":"'
    b'{"entry":"kept","format":2,"record":{"address":"","composite":"","dependencies":[],"format":2,"gate":"passed",'
    b'"gates":[],"id":"","ignore":[],"labels":{},"late":false,"loose":false,"lost":[],"marked":true,'
    b'"prevent_destroy":false,"provider":"azure","provider":"openstack","replace_first":"","retain":false,"spec":{},'
    b'"status":{},"type":"","uid":"","token":"'
)
"""What is most common stands last, where deflate finds it nearest. A change of it would be a new form."""
_WINDOW: Final = -15
"""No header and no checksum of zlib: the seal authenticates."""


def pack(plain: bytes) -> bytes:
    """The smaller form."""
    packer = zlib.compressobj(wbits=_WINDOW, zdict=_DICTIONARY)
    return packer.compress(plain) + packer.flush()


def unpack(packed: bytes, about: str) -> bytes:
    """The bytes again. Raises StateError where they are none of ``pack``'s."""
    unpacker = zlib.decompressobj(wbits=_WINDOW, zdict=_DICTIONARY)
    try:
        plain = unpacker.decompress(packed) + unpacker.flush()
    except zlib.error as error:
        raise StateError(
            f"{about} cannot be unpacked ({error}): a newer opsctl may have written it"
        ) from error
    if not unpacker.eof or unpacker.unused_data:
        raise StateError(f"{about} is cut off inside of its seal: a newer opsctl may have written it")
    return plain
