"""The lab's signing keys: Ed25519, the private one readable by its owner alone."""

from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

_END = b"-----END PUBLIC KEY-----\n"


class KeyPair(NamedTuple):
    """PEM files: `private` signs tokens, `public` has what checks them, the newest first."""

    private: Path
    public: Path


def key_pair(folder: Path) -> KeyPair:
    """The key pair of `folder`, generated the first time."""
    pair = KeyPair(folder / "token.pem", folder / "token.pub.pem")
    if not (pair.private.exists() and pair.public.exists()):
        folder.mkdir(parents=True, exist_ok=True)
        _write(pair, before=b"")
    return pair


def rotate(folder: Path) -> KeyPair:
    """The same with a new key: tokens of the one before stay valid, those of older ones end."""
    pair = key_pair(folder)
    _write(pair, before=pair.public.read_bytes().partition(_END)[0] + _END)
    return pair


def _write(pair: KeyPair, before: bytes) -> None:
    """Write a new key; whoever checks tokens knows it before the first is signed with it."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    # In place: a container that mounts the file would not see another in its stead.
    pair.public.write_bytes(public + before)
    # In one step: intake reads it at each token.
    written = pair.private.with_suffix(".new")
    written.unlink(missing_ok=True)
    written.touch(mode=0o600)
    written.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    written.replace(pair.private)
