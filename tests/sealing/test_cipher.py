"""What is sealed opens where it was sealed, by who has the key, and nowhere else."""

from __future__ import annotations

import base64
import json
import os
import zlib

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.adapters import cipher_aes, packing
from orchestrator.adapters.cipher_aes import AesCipher, Keys
from orchestrator.adapters.keys_local import SHORTEST, open_file, open_passphrase
from orchestrator.bootstrap.ciphers import cipher_of
from orchestrator.kit.sealed import PLAIN, KeyNeededError, is_sealed
from orchestrator.model.codec import encode
from orchestrator.model.errors import OpsctlError, StateError
from orchestrator.model.ids import StackId
from tests.sealing.conftest import STACK

PLACE = "journal/1/1"
BODY = b'{"entry":"kept","record":{"id":"planted"}}'
WRITTEN = {
    1: b'{"sealed":1,"by":"file:0a2d014ece58865a","key":"ba0AFyDL6ilZV1gKt/CCrbHZB7Kt/Ckxy/JVZjRvRCX+J4/Ox49uGxtZks0K27Ihvmhyje/n8psvv0KR","salt":"+u9k1myo+A9DO23vl7vf7A==","box":"R7DHF5/KODURN2Pd+VsuFiteuSq/5y9U/5iSNSD0SE8AxxqcZbM+1jqlOOerpseNCgIrU6yeM2gNQ8/EavoZqMbSe/yrJDWGJ9VKlBKoijcVVJuNf09f2aMQUTxiR8FDDA=="}',
    2: b'{"sealed":2,"by":"file:0a2d014ece58865a","key":"WDgU3IR8+a14OLjlrG/nF5Qd7dBgmjTlBzb12HisylWvc9C9v+8956D14CGpSXaKjfii3GwUsWrgFuf+","salt":"TlDNrFvZsMC4HdJA+C9S0A==","box":"clgCAe9eHDZJYM0aM1K04S8FosdjaWcdB15oK6l+rgggyvpWrfxT4Z05qlLKW/U="}',
}
same_key = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@same_key
@given(st.binary(max_size=2000), st.text(max_size=50))
def test_what_was_sealed_comes_back(cipher, plain, place):
    """Whatever the bytes; the sealed form is JSON."""
    sealed = cipher.seal(plain, place)
    assert is_sealed(sealed)
    assert json.loads(sealed)["sealed"] == 2
    assert cipher.open(sealed, place) == plain


def test_nothing_of_a_body_is_seen(cipher):
    sealed = cipher.seal(BODY, PLACE)
    assert b"planted" not in sealed + base64.b64decode(json.loads(sealed)["box"])


@same_key
@given(st.data())
def test_any_changed_bit_is_refused(cipher, file_key, data):
    """Of the stored bytes; base64 has a few bits that mean nothing, and those alone may change."""
    sealed = cipher.seal(BODY, PLACE)
    changed = bytearray(sealed)
    changed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    for reader in (cipher, AesCipher(STACK, Keys(file_key("state.key")))):
        try:
            reader.open(bytes(changed), PLACE)
        except StateError:
            continue
        assert _decoded(changed) == _decoded(sealed)


def _decoded(sealed):
    found = json.loads(sealed)
    return {n: base64.b64decode(v) if n in ("key", "salt", "box") else v for n, v in found.items()}


@pytest.mark.parametrize("field", ["key", "salt", "box"])
def test_every_bit_of_every_field_counts(cipher, field):
    """Each one flipped in turn, with the reader's keys warm and cold."""
    whole = json.loads(cipher.seal(BODY, PLACE))
    value = base64.b64decode(whole[field])
    for bit in range(len(value) * 8):
        flipped = bytearray(value)
        flipped[bit // 8] ^= 1 << bit % 8
        forged = json.dumps(
            {**whole, field: base64.b64encode(flipped).decode()}, separators=(",", ":")
        ).encode()
        with pytest.raises(StateError):
            cipher.open(forged, PLACE)
    assert cipher.open(json.dumps(whole, separators=(",", ":")).encode(), PLACE) == BODY


def test_a_body_that_was_cut_off_is_refused(cipher):
    sealed = cipher.seal(BODY, PLACE)
    for length in range(len(b'{"sealed":'), len(sealed)):
        with pytest.raises(StateError):
            cipher.open(sealed[:length], PLACE)


def test_bodies_cannot_be_exchanged(cipher, file_key):
    """Between two places of one stack, and between two stacks of one key."""
    sealed = cipher.seal(BODY, PLACE)
    with pytest.raises(StateError, match="moved from another place"):
        cipher.open(sealed, "journal/1/2")
    other = AesCipher(StackId("shop/prod"), Keys(file_key("state.key")))
    with pytest.raises(StateError, match="was changed, or is of another stack"):
        other.open(sealed, PLACE)


def test_a_plain_body_is_refused_where_it_must_be_sealed(cipher, file_key):
    """Whoever can write to the store could put anything there otherwise; reading it is an explicit step."""
    with pytest.raises(
        StateError, match=r"is not encrypted, and opsctl\.yaml says that it must be.*\nhint: .*rekey"
    ):
        cipher.open(BODY, PLACE)
    lenient = AesCipher(STACK, Keys(file_key("state.key"), required=False))
    assert lenient.open(BODY, PLACE) == BODY


def test_without_a_cipher_a_sealed_body_is_refused(cipher):
    """Its key is named; no body of ours can be taken for a sealed one."""
    sealed = cipher.seal(BODY, PLACE)
    with pytest.raises(
        KeyNeededError, match=r"encrypted by the key file:\w{16}, and no key.*\nhint: .*encryption.key"
    ):
        PLAIN.open(sealed, PLACE)
    body = encode({"sealed": 1, "by": "me", "key": "", "salt": "", "box": ""})
    assert PLAIN.open(body, PLACE) == body


def test_a_wrong_key_is_told_which_one_is_wanted(cipher, file_key):
    sealed = cipher.seal(BODY, PLACE)
    by = json.loads(sealed)["by"]
    wrong = AesCipher(STACK, Keys(file_key("other.key")))
    with pytest.raises(KeyNeededError, match=f"by the key {by}: .*others: file other.key\nhint: .*fallback"):
        wrong.open(sealed, PLACE)


def test_a_fallback_reads_and_the_new_key_writes(cipher, file_key):
    old = cipher.seal(BODY, PLACE)
    rotated = AesCipher(STACK, Keys(file_key("new.key"), [file_key("state.key")]))
    assert rotated.open(old, PLACE) == BODY
    new = rotated.seal(BODY, PLACE)
    assert AesCipher(STACK, Keys(file_key("new.key"))).open(new, PLACE) == BODY


def test_lifting_encryption_reads_both_and_writes_plain(cipher, file_key):
    lifted = AesCipher(STACK, Keys(None, [file_key("state.key")], required=False))
    assert lifted.open(cipher.seal(BODY, PLACE), PLACE) == lifted.open(BODY, PLACE) == BODY
    assert lifted.seal(BODY, PLACE) == BODY


def test_a_run_asks_for_its_key_once_and_goes_on_with_it(file_key):
    """However much it opens and seals: a key service is neither slow nor dear."""
    first = file_key("state.key")
    writer = AesCipher(STACK, Keys(first))
    bodies = [writer.seal(BODY, f"journal/1/{n}") for n in range(50)]
    assert (first.made, first.unwrapped) == (1, 1)
    second = file_key("state.key")
    later = AesCipher(STACK, Keys(second))
    for n, body in enumerate(bodies):
        later.open(body, f"journal/1/{n}")
    later.seal(BODY, "journal/2/1")
    assert (second.made, second.unwrapped) == (0, 1)


def test_a_rewrite_seals_by_a_new_data_key(cipher, file_key):
    """Also under the same master key: else a data key that leaked would stay in use."""
    old = cipher.seal(BODY, PLACE)
    fresh = AesCipher(STACK, Keys(file_key("state.key"), fresh=True))
    assert fresh.open(old, PLACE) == BODY
    assert json.loads(fresh.seal(BODY, PLACE))["key"] != json.loads(old)["key"]


def test_no_two_messages_share_key_and_nonce(file_key, monkeypatch):
    """Two writers of one data key never share a derived key, and neither goes on past its bound of messages."""
    monkeypatch.setattr(cipher_aes, "MESSAGES", 4)
    one = AesCipher(STACK, Keys(file_key("state.key")))
    sealed = [one.seal(BODY, PLACE)]
    two = AesCipher(STACK, Keys(file_key("state.key")))
    two.open(sealed[0], PLACE)
    sealed += [writer.seal(BODY, PLACE) for writer in (one, two) for _ in range(9)]
    found = [json.loads(s) for s in sealed]
    assert len({f["key"] for f in found}) == 1
    assert len({f["salt"] for f in found}) == 6
    assert len({(f["salt"], base64.b64decode(f["box"])[:12]) for f in found}) == len(found)


def test_the_form_is_what_its_description_says(context, file_key):
    """Opened by hand with the primitives alone, so that another program could read it in ten years."""
    sealed = json.loads(AesCipher(STACK, Keys(file_key("state.key"))).seal(BODY, PLACE))
    master = base64.b64decode((context.folder / "state.key").read_bytes())
    wrapped, box = base64.b64decode(sealed["key"]), base64.b64decode(sealed["box"])
    bound = json.dumps(["opsctl data key", [["opsctl:stack", "shop/dev"]]]).encode()
    data_key = AESGCM(master).decrypt(wrapped[:12], wrapped[12:], bound)
    key = HKDF(SHA256(), 32, base64.b64decode(sealed["salt"]), b"opsctl sealed 1").derive(data_key)
    about = b"\0".join((b"opsctl sealed 2", b"shop/dev", PLACE.encode(), sealed["by"].encode()))
    inflate = zlib.decompressobj(wbits=-15, zdict=packing._DICTIONARY)
    assert inflate.decompress(AESGCM(key).decrypt(box[:12], box[12:], about)) == BODY


@pytest.mark.parametrize("form", sorted(WRITTEN))
def test_what_each_version_has_sealed_is_still_read(context, form):
    """Bodies as they were written by the versions of opsctl that began with the form, under a key of 32 letters k."""
    path = context.folder / "old.key"
    path.touch(0o600)
    path.write_bytes(b"k" * 32)
    body = b'{"entry":"kept","format":2,"record":{"address":"web","id":"planted"}}'
    cipher = AesCipher(STACK, Keys(open_file("old.key", context)))
    assert json.loads(WRITTEN[form])["sealed"] == form
    assert cipher.open(WRITTEN[form], PLACE) == body


def test_a_form_cannot_be_taken_for_another(cipher):
    """It is authenticated: what was packed is never given out as it is, nor the other way round."""
    sealed = cipher.seal(BODY, PLACE)
    with pytest.raises(StateError, match="its seal is broken"):
        cipher.open(sealed.replace(b'"sealed":2', b'"sealed":1'), PLACE)


@given(st.binary(max_size=3000))
def test_packing_loses_nothing(plain):
    assert packing.unpack(packing.pack(plain), PLACE) == plain


def test_what_was_packed_by_another_program_is_refused():
    whole = packing.pack(BODY)
    for broken in (whole[:-1], whole + b"x", b"\xff" * 9, b""):
        with pytest.raises(StateError, match=f"{PLACE} "):
            packing.unpack(broken, PLACE)


def test_sizes_tell_what_they_told_before_where_that_is_wished(context, file_key):
    """``compress: false``: the length of a sealed body depends on the length of the plain one alone."""
    file_key("state.key")
    settings = {"key": {"file": "state.key"}}
    even, odd = b'{"a":"' + b"x" * 500 + b'"}', b'{"a":"' + os.urandom(250).hex().encode() + b'"}'
    for compress, same in ((True, False), (False, True)):
        cipher = cipher_of({**settings, "compress": compress}, STACK, context)
        assert (len(cipher.seal(even, PLACE)) == len(cipher.seal(odd, PLACE))) is same


def test_a_newer_form_is_refused(cipher):
    newer = cipher.seal(BODY, PLACE).replace(b'"sealed":2', b'"sealed":3')
    with pytest.raises(StateError, match="form 3, and this opsctl reads up to 2: use a newer version"):
        cipher.open(newer, PLACE)


def test_a_passphrase_seals_and_its_cost_stands_beside(context):
    """Another process with the same passphrase opens it; one with another is told."""
    sealed = AesCipher(STACK, Keys(open_passphrase("env:PASS", context))).seal(BODY, PLACE)
    wrapped = base64.b64decode(json.loads(sealed)["key"])
    assert (2 ** wrapped[1], wrapped[2], wrapped[3]) == (2**17, 8, 1)
    assert AesCipher(STACK, Keys(open_passphrase("env:PASS", context))).open(sealed, PLACE) == BODY
    os.environ["PASS"] = "incorrect horse battery staple"
    with pytest.raises(KeyNeededError, match="passphrase env:PASS is not the one that it was encrypted with"):
        AesCipher(STACK, Keys(open_passphrase("env:PASS", context))).open(sealed, PLACE)


@pytest.mark.parametrize(("at", "value"), [(1, 30), (1, 0), (2, 255), (3, 200), (0, 9)])
def test_a_cost_that_would_use_up_the_memory_is_refused(context, at, value):
    """What is stored does not decide how much memory its reader spends."""
    key = open_passphrase("env:PASS", context)
    wrapped = bytearray(key.make({}).wrapped)
    wrapped[at] = value
    with pytest.raises(StateError, match="asks for scrypt with N=2"):
        key.unwrap("passphrase", bytes(wrapped), {})


def test_a_short_passphrase_is_refused(context, monkeypatch):
    monkeypatch.setenv("PASS", "x" * (SHORTEST - 1))
    with pytest.raises(OpsctlError, match=f"has 15 characters of at least {SHORTEST}\nhint: openssl"):
        open_passphrase("env:PASS", context).make({})


@pytest.mark.parametrize("setting", ["hunter2", {"value": "hunter2"}, None])
def test_a_passphrase_is_never_written_out(context, setting):
    with pytest.raises(OpsctlError, match="write passphrase: env:OPSCTL_PASSPHRASE") as caught:
        cipher_of({"key": {"passphrase": setting}}, STACK, context)
    assert "hunter2" not in str(caught.value)


def test_a_key_file_is_32_bytes_that_nobody_else_can_read(context):
    path = context.folder / "raw.key"
    path.write_bytes(b"k" * 32)
    path.chmod(0o600)
    raw = open_file("raw.key", context)
    assert raw.unwrap(raw.make({}).by, raw.make({}).wrapped, {})
    path.chmod(0o644)
    with pytest.raises(OpsctlError, match="others on this machine"):
        open_file("raw.key", context).make({})
    path.chmod(0o600)
    path.write_bytes(b"too short")
    with pytest.raises(OpsctlError, match="no key of 32 bytes, plain or in base64\nhint: openssl rand"):
        open_file("raw.key", context).make({})
    with pytest.raises(OpsctlError, match=r"none\.key: no such file"):
        open_file("none.key", context).make({})
