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


class KeyPair(NamedTuple):
    """PEM files: `private` signs tokens, `public` checks them."""

    private: Path
    public: Path


def key_pair(folder: Path) -> KeyPair:
    """The key pair of `folder`, generated the first time."""
    pair = KeyPair(folder / "token.pem", folder / "token.pub.pem")
    if pair.private.exists() and pair.public.exists():
        return pair
    folder.mkdir(parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    pair.private.unlink(missing_ok=True)
    pair.private.touch(mode=0o600)
    pair.private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    pair.public.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return pair
