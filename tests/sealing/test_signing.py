"""Keys as people have them, signatures that count for one thing only, refusals that say what to do."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters.key_files import read_private
from orchestrator.adapters.signing import Signer, signer, trusted_key, verified
from orchestrator.model.errors import OpsctlError, SignatureRefusedError
from orchestrator.model.signature import Signature

SECRET = b"a secret of an HMAC that is long enough"
# Made by OpenSSH 9.2: ssh-keygen -t ed25519, and what ssh-keygen -l says of it.
RECORDED = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE+w5yx3T0rtlB93bcDQCgmo2K+DZN2tMSM1LaljY9e/ alice@build"
RECORDED_FINGERPRINT = "SHA256:ftLYcKOTbnrcdu782yjck4/gAd+p02KEWX2Fy0GCf10"
PRIVATE = ed25519.Ed25519PrivateKey.generate()


def private(form: serialization.PrivateFormat, passphrase: bytes | None = None) -> bytes:
    protect = (
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    )
    return PRIVATE.private_bytes(serialization.Encoding.PEM, form, protect)


PEM = private(serialization.PrivateFormat.PKCS8)
PUBLIC = {
    "an OpenSSH line": PRIVATE.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    ),
    "PEM": PRIVATE.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ),
    "raw bytes in base64": base64.b64encode(PRIVATE.public_key().public_bytes_raw()),
}


def test_a_fingerprint_is_what_ssh_keygen_prints():
    """So that a person can compare it with the one that they know."""
    assert trusted_key("alice", "ed25519", RECORDED.encode()).key == RECORDED_FINGERPRINT


@pytest.mark.parametrize("public", PUBLIC.values(), ids=PUBLIC)
@pytest.mark.parametrize("form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.OpenSSH])
def test_a_key_signs_in_every_form_that_people_have(form, public):
    signature = signer(private(form), "the key").sign("plan", b"digest")
    alice = trusted_key("alice", "ed25519", public)
    assert verified("plan", b"digest", [signature], [alice], what="the plan") is alice


def test_a_key_under_a_passphrase_asks_for_it():
    protected = private(serialization.PrivateFormat.PKCS8, b"open sesame")
    assert signer(protected, "the key", passphrase=b"open sesame").key == signer(PEM, "the key").key
    with pytest.raises(OpsctlError, match="passphrase\nhint: OPSCTL_SIGN_PASSPHRASE"):
        signer(protected, "the key")
    with pytest.raises(OpsctlError, match="passphrase is wrong"):
        signer(protected, "the key", passphrase=b"open barley")


def test_a_shared_secret_signs_too():
    signature = signer(SECRET + b"\n", "the secret").sign("plan", b"digest")
    ci = trusted_key("ci", "hmac-sha256", SECRET)
    assert verified("plan", b"digest", [signature], [ci], what="the plan").name == "ci"
    assert SECRET.decode() not in signature.key + repr(ci) + repr(signer(SECRET, "the secret"))


@given(st.binary(max_size=64), st.data())
def test_any_changed_bit_is_refused(message, data):
    """Of the message, and of the signature."""
    material = data.draw(st.sampled_from([PEM, SECRET]))
    alice = trusted_key("alice", "ed25519", PUBLIC["PEM"])
    keys = [alice, trusted_key("ci", "hmac-sha256", SECRET)]
    signature = signer(material, "the key").sign("plan", message)
    value = bytearray(base64.b64decode(signature.value))
    value[data.draw(st.integers(0, len(value) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    forged = Signature(signature.key, signature.algorithm, base64.b64encode(value).decode())
    for bad, about in ((forged, message), (signature, message + b"\0"), (signature, b"x" + message)):
        with pytest.raises(SignatureRefusedError, match="was changed after"):
            verified("plan", about, [bad], keys, what="the plan")


def test_a_signature_for_one_purpose_is_none_for_another():
    signature = signer(PEM, "the key").sign("approval", b"digest")
    with pytest.raises(SignatureRefusedError, match="was changed"):
        verified("plan", b"digest", [signature], [trusted_key("a", "ed25519", PUBLIC["PEM"])], what="it")


def test_one_of_several_signatures_is_enough():
    good = signer(PEM, "the key").sign("plan", b"digest")
    other = signer(SECRET, "the secret").sign("plan", b"digest")
    alice = trusted_key("alice", "ed25519", PUBLIC["PEM"])
    assert verified("plan", b"digest", [other, good], [alice], what="the plan") is alice


def test_a_refusal_names_the_keys():
    """No signature, and one by a stranger: each says which keys would count."""
    alice = trusted_key("alice", "ed25519", PUBLIC["PEM"])
    with pytest.raises(SignatureRefusedError, match=r"x is not signed, and must be.*alice \(SHA256:"):
        verified("plan", b"digest", [], [alice], what="x")
    stranger = signer(SECRET, "the secret").sign("plan", b"digest")
    with pytest.raises(SignatureRefusedError, match=r"signed by hmac:\w{24}, which is not trusted.*alice"):
        verified("plan", b"digest", [stranger], [alice], what="x")


def test_the_algorithm_of_a_signature_cannot_be_chosen_by_who_signs():
    """A public key is known to all: taken for the secret of an HMAC it would let anybody sign."""
    alice = trusted_key("alice", "ed25519", PUBLIC["raw bytes in base64"])
    forged = Signer(alice.key, "hmac-sha256", PUBLIC["raw bytes in base64"]).sign("plan", b"digest")
    with pytest.raises(SignatureRefusedError, match="not trusted"):
        verified("plan", b"digest", [forged], [alice], what="x")
    renamed = Signature(forged.key, "ed25519", forged.value)
    with pytest.raises(SignatureRefusedError, match="was changed"):
        verified("plan", b"digest", [renamed], [alice], what="x")


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
RSA_PEM = RSA.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
RSA_PUBLIC = RSA.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


@pytest.mark.parametrize(
    ("material", "said"),
    [
        (b"shrt", "has 4 bytes of at least 32\nhint: openssl rand"),
        (RECORDED.encode(), "is a public key, and signing needs the private one"),
        (PUBLIC["PEM"], "is a public key"),
        (PEM[:60] + b"\n", "no private key that can be read"),
        (RSA_PEM, "of another kind than ed25519"),
    ],
    ids=["short", "an OpenSSH line", "a public PEM", "cut off", "RSA"],
)
def test_what_cannot_sign_is_told_without_showing_it(material, said):
    with pytest.raises(OpsctlError, match=said) as told:
        signer(material, "plan.key")
    assert str(told.value).startswith("plan.key ")
    assert material.decode().strip() not in str(told.value)


@pytest.mark.parametrize(
    ("material", "said"),
    [
        (PEM, "is a private key, and it stands where everybody can read it"),
        (RSA_PUBLIC, "of another kind than ed25519"),
        (b"ssh-ed25519 AAAA alice", "no public key that can be read"),
        (b"not base64!", "no public key"),
    ],
    ids=["private", "RSA", "cut off", "no key"],
)
def test_what_cannot_be_trusted_is_told(material, said):
    with pytest.raises(OpsctlError, match=f"the key alice .*{said}"):
        trusted_key("alice", "ed25519", material)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_file_that_others_can_open_is_not_used(tmp_path, mode):
    path = tmp_path / "plan.key"
    path.write_bytes(PEM)
    path.chmod(0o600)
    assert read_private(path, "the key") == PEM
    path.chmod(mode)
    with pytest.raises(OpsctlError, match=f"others on this machine .mode {mode:04o}.*\nhint: chmod 600"):
        read_private(path, "the key")


def test_what_is_no_key_file_is_told(tmp_path):
    for path, said in (
        (tmp_path, "is a directory"),
        (Path("/dev/null"), "not a file"),
        (tmp_path / "none", "no such file"),
    ):
        with pytest.raises(OpsctlError, match=said):
            read_private(path, "the key")
    big = tmp_path / "big"
    big.write_bytes(b"x" * 100_000)
    big.chmod(0o600)
    with pytest.raises(OpsctlError, match="that is no key"):
        read_private(big, "the key")


def test_nothing_heavy_is_imported_before_the_first_key():
    """Commands that sign nothing pay nothing."""
    code = "import sys, orchestrator.adapters.signing; print('cryptography' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
