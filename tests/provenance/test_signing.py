"""Keys as files, and what they sign."""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
import subprocess
import sys
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from grader.cli.exit_status import FAILED, PASSED
from grader.cli.main import main
from grader.provenance.signing import SigningError, canonical, load_public, load_signer, make_key, signed_by, stored
from grader.result import Signature
from tests.conftest import make_result

PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
PLAIN = serialization.NoEncryption()


@pytest.fixture
def key(tmp_path):
    make_key(tmp_path / "key")
    return tmp_path / "key"


def write_private(path, content: bytes):
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def test_a_new_key_is_its_owners_alone_and_both_halves_belong_together(tmp_path):
    before = os.umask(0)
    try:
        beside, public = make_key(tmp_path / "key")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert beside == tmp_path / "key.pub"
    assert load_public(beside) == load_signer(tmp_path / "key").public == public
    assert b"PRIVATE" not in beside.read_bytes()


@pytest.mark.parametrize("there", ["key", "key.pub"])
def test_no_key_is_overwritten(tmp_path, there):
    (tmp_path / there).write_text("mine")
    with pytest.raises(SigningError, match="is not overwritten"):
        make_key(tmp_path / "key")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(there, "mine")]


def test_a_link_is_not_written_through(tmp_path):
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SigningError):
        make_key(tmp_path / "key")
    assert not (tmp_path / "elsewhere").exists()


def test_a_signature_holds_for_what_was_signed_alone(key):
    signer = load_signer(key)
    result = signer(make_result("anna.ipynb"))
    data = stored(result)
    assert result.signature is not None
    assert signed_by(data, result.signature)
    assert not signed_by({**data, "score": data["score"] + 0.5}, result.signature)
    assert signer(result) == result  # Ed25519 has no randomness, and a signature does not sign itself


def test_the_canonical_form_is_the_documented_one():
    data = {"b": [1, 2.5, True, None], "a": 'é "\n', "signature": {"x": 1}, "ß": {"z": "", "y": 1e-7}}
    assert canonical(data) == '{"a":"é \\"\\n","b":[1,2.5,true,null],"ß":{"y":1e-07,"z":""}}'.encode()
    assert canonical(dict(reversed(data.items()))) == canonical(data)
    with pytest.raises(ValueError):
        canonical({"a": float("nan")})
    with pytest.raises(ValueError):
        canonical({"a": "\ud800"})


def test_names_that_utf8_cannot_hold_are_signed_as_they_are_written(key, tmp_path):
    result = load_signer(key)(make_result("half\ud800 \x9b.ipynb"))
    result.write(tmp_path / "result.json")
    data = json.loads((tmp_path / "result.json").read_text())
    assert signed_by(data, Signature(**data["signature"]))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
def test_openssl_agrees(key, tmp_path):
    result = load_signer(key)(make_result("anna.ipynb"))
    assert result.signature is not None
    (tmp_path / "message").write_bytes(canonical(stored(result)))
    (tmp_path / "value").write_bytes(base64.b64decode(result.signature.value))
    command = [
        "openssl",
        "pkeyutl",
        "-verify",
        "-rawin",
        "-pubin",
        "-inkey",
        "key.pub",
        "-in",
        "message",
        "-sigfile",
        "value",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    if "nknown option" in done.stderr:
        pytest.skip("an openssl without -rawin")
    assert "Verified Successfully" in done.stdout, done


def openssh(password: bytes | None = None) -> bytes:
    encryption = serialization.BestAvailableEncryption(password) if password else PLAIN
    return Ed25519PrivateKey.generate().private_bytes(PEM, serialization.PrivateFormat.OpenSSH, encryption)


def test_openssh_keys_sign_too(tmp_path):
    private = Ed25519PrivateKey.generate()
    write_private(tmp_path / "id", private.private_bytes(PEM, serialization.PrivateFormat.OpenSSH, PLAIN))
    public = private.public_key()
    line = public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    (tmp_path / "id.pub").write_bytes(line + b" me@here\n")
    assert load_signer(tmp_path / "id").public == load_public(tmp_path / "id.pub")


UNUSABLE = {
    "garbage": (b"\x00\xffgarbage", "holds no private key"),
    "empty": (b"", "holds no private key"),
    "cut": (b"-----BEGIN PRIVATE KEY-----\nMC4CAQAw", "holds no private key"),
    "large": (b"-" * 100_000, "too large"),
    "rsa": (rsa.generate_private_key(65537, 2048).private_bytes(PEM, PKCS8, PLAIN), r"another kind \(RSA\)"),
    "ec": (
        ec.generate_private_key(ec.SECP256R1()).private_bytes(PEM, PKCS8, PLAIN),
        r"another kind \((EllipticCurve|EC)\)",
    ),
    "password": (
        Ed25519PrivateKey.generate().private_bytes(PEM, PKCS8, serialization.BestAvailableEncryption(b"x")),
        "password",
    ),
    "public": (
        Ed25519PrivateKey.generate().public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        "is a public key",
    ),
    "public line": (b"ssh-ed25519 AAAA", "is a public key"),
}


@pytest.mark.parametrize(("content", "sentence"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_key_that_cannot_sign_is_one_sentence(tmp_path, content, sentence):
    path = write_private(tmp_path / "key", content)
    with pytest.raises(SigningError, match=sentence) as error:
        load_signer(path)
    assert "\n" not in str(error.value)


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen here")
def test_an_openssh_key_with_a_password_is_one_sentence(tmp_path):
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", str(tmp_path / "id")], check=True, timeout=60
    )
    with pytest.raises(SigningError, match="password"):
        load_signer(tmp_path / "id")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_a_private_key_that_others_can_read_is_refused(key, mode):
    key.chmod(mode)
    with pytest.raises(SigningError, match="chmod 600"):
        load_signer(key)


def test_what_is_no_file_is_no_key_and_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path, tmp_path / "missing", tmp_path / "pipe"):
        for load in (load_signer, load_public):
            with pytest.raises(SigningError):
                load(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"garbage", "holds no public key"),
        (b"ssh-ed25519 AAAA", "holds no public key"),
        (UNUSABLE["rsa"][0], "is a private key"),
        (openssh(), "is a private key"),
    ],
)
def test_a_key_that_cannot_verify_is_one_sentence(tmp_path, content, sentence):
    (tmp_path / "key.pub").write_bytes(content)
    with pytest.raises(SigningError, match=sentence):
        load_public(tmp_path / "key.pub")


def test_keygen_says_where_the_keys_are(tmp_path, capsys):
    assert main(["keygen", str(tmp_path / "key")]) == PASSED
    out = capsys.readouterr().out
    assert f"{tmp_path}/key.pub" in out
    assert load_public(tmp_path / "key.pub") in out
    assert main(["keygen", str(tmp_path / "key")]) == FAILED
    assert "is not overwritten" in capsys.readouterr().err
    assert main(["keygen", str(tmp_path / "no" / "key")]) == FAILED
    assert "cannot write" in capsys.readouterr().err


def test_an_unusable_key_stops_before_anything_is_graded(tmp_path, capsys):
    (tmp_path / "a.ipynb").write_text("{}")
    out = tmp_path / "out"
    assert main(["grade", str(tmp_path), "--out", str(out), "--sign", str(tmp_path / "missing")]) == FAILED
    captured = capsys.readouterr()
    assert "cannot read the key" in captured.err
    assert captured.out == ""
    assert not out.exists()


def test_without_the_library_it_is_one_sentence(key, tmp_path, monkeypatch, capsys):
    for module in [name for name in sys.modules if name.split(".")[0] == "cryptography"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    for arguments in (["keygen", str(tmp_path / "k")], ["verify-result", "x", "--key", str(tmp_path / "key.pub")]):
        assert main(arguments) == FAILED
        assert "python -m pip install 'torch-grader[sign]'" in capsys.readouterr().err
    assert not (tmp_path / "k").exists()


@pytest.mark.parametrize("confines", [True, False])
def test_batches_are_signed_where_notebooks_cannot_read_the_key(key, tmp_path, capsys, monkeypatch, confines):
    monkeypatch.setattr(
        "grader.sandbox.confinement.backends.find_backend",
        lambda isolation: SimpleNamespace(confines=confines, level="process"),
    )
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "page.ipynb").write_text("<html>")
    status = main(["grade", str(tmp_path / "class"), "--out", str(tmp_path / "out"), "--sample", "--sign", str(key)])
    assert status == FAILED
    if not confines:
        assert "--sign needs confined notebooks" in capsys.readouterr().err
        assert not (tmp_path / "out").exists()
        return
    data = json.loads((tmp_path / "out" / "page" / "result.json").read_text())
    assert data["advisory"] is False
    assert data["submission"]["sha256"] == data["digests"]["submission"] != ""
    capsys.readouterr()
    files = [str(tmp_path / "out" / name) for name in ("page/result.json", "summary.csv")]
    assert (
        main(["verify-result", *files, "--key", f"{key}.pub", "--submission", str(tmp_path / "class/page.ipynb")])
        == PASSED
    )
    assert capsys.readouterr().out.count("verified") == 2
