"""Only the lab's own, valid tokens open anything."""

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from deploy.local.signing_keys import KeyPair, key_pair, rotate
from shared.auth import Caller, TokenChecker, issue_token
from shared.errors import Invalid, SettingsError, Unauthenticated

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def checker(token_keys: KeyPair) -> TokenChecker:
    """A checker that knows the lab's public key."""
    return TokenChecker(token_keys.public)


def signed(keys: KeyPair, **changes: Any) -> str:
    """An `Authorization` header signed by the lab, with claims changed; None takes one away."""
    soon = datetime.now(UTC) + HOUR
    claims = {"sub": "mbr_1", "roles": ["holder"], "aud": "datalab", "exp": soon, **changes}
    claims_by_name = {name: value for name, value in claims.items() if value is not None}
    return "Bearer " + jwt.encode(claims_by_name, keys.private.read_bytes(), algorithm="EdDSA")


def part(value: object) -> str:
    """One of the three parts of a token."""
    raw = value.encode() if isinstance(value, str) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_issued_token_names_its_member_and_roles(
    checker: TokenChecker, token_keys: KeyPair
) -> None:
    """What the command line issues, every service accepts."""
    token = issue_token(token_keys.private, "mbr_1", ["holder", "owner"], HOUR)
    assert checker.check(f"Bearer {token}") == Caller("mbr_1", frozenset({"holder", "owner"}))


def test_scheme_is_read_in_any_case(checker: TokenChecker, token_keys: KeyPair) -> None:
    """RFC 9110 says so."""
    header = signed(token_keys).replace("Bearer", "bEARER")
    assert checker.check(header).member_id == "mbr_1"


@pytest.mark.parametrize("member_id", ["*", "", "a b/é", "mbr_1\n", "a" * 65, "a@b", "\0"])
def test_member_is_named_by_a_short_plain_word(
    checker: TokenChecker, token_keys: KeyPair, member_id: str
) -> None:
    """Lists are filtered by it, and one of the marks that services keep is no member."""
    with pytest.raises(Invalid, match="membre a de 1 à 64"):
        issue_token(token_keys.private, member_id, ["owner"], HOUR)
    with pytest.raises(Unauthenticated, match="ne nomme pas de membre"):
        checker.check(signed(token_keys, sub=member_id))


def test_expired_token_is_refused_and_told_so(checker: TokenChecker, token_keys: KeyPair) -> None:
    """The one fault that a client can mend by itself is named."""
    token = issue_token(token_keys.private, "mbr_1", ["holder"], -HOUR)
    with pytest.raises(Unauthenticated, match="expiré"):
        checker.check(f"Bearer {token}")


def test_token_of_another_key_is_refused(checker: TokenChecker, tmp_path: Path) -> None:
    """Anybody can make a token; only the lab's signature counts."""
    with pytest.raises(Unauthenticated):
        checker.check(signed(key_pair(tmp_path / "theirs")))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None])
def test_unsigned_token_is_refused(checker: TokenChecker, algorithm: str | None) -> None:
    """`alg: none` is no signature."""
    claims = {"sub": "mbr_1", "roles": ["operator"], "aud": "datalab", "exp": 2**33}
    with pytest.raises(Unauthenticated):
        checker.check(f"Bearer {part({'alg': algorithm, 'typ': 'JWT'})}.{part(claims)}.")


def test_public_key_used_as_a_shared_secret_is_refused(
    checker: TokenChecker, token_keys: KeyPair
) -> None:
    """HS256 over the public key, which everybody may know, must not pass for the lab's."""
    claims = part({"sub": "mbr_1", "roles": ["operator"], "aud": "datalab", "exp": 2**33})
    header = part({"alg": "HS256", "typ": "JWT"})
    secret = token_keys.public.read_bytes()
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    mac = urlsafe_b64encode(signature.sign(f"{header}.{claims}".encode(), secret)).rstrip(b"=")
    with pytest.raises(Unauthenticated):
        checker.check(f"Bearer {header}.{claims}.{mac.decode()}")


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": None},
        {"sub": ""},
        {"sub": 5},
        {"roles": None},
        {"exp": None},
        {"exp": "tomorrow"},
        {"aud": None},
        {"aud": "another-lab"},
        {"nbf": 2**33},
        {"iat": 2**33},
    ],
    ids=str,
)
def test_missing_or_wrong_claim_is_refused(
    checker: TokenChecker, token_keys: KeyPair, changes: dict[str, Any]
) -> None:
    """Who, what for, by which right and until when: a token without one of these is none."""
    with pytest.raises(Unauthenticated):
        checker.check(signed(token_keys, **changes))


@pytest.mark.parametrize(
    ("roles", "kept"),
    [
        (["holder", "root", "OWNER", ""], {"holder"}),
        ([["operator"], None, 1], set()),
        ("operator", set()),
        ({"operator": True}, set()),
        ([], set()),
    ],
)
def test_unknown_roles_open_nothing(
    checker: TokenChecker, token_keys: KeyPair, roles: object, kept: set[str]
) -> None:
    """A role this version does not know is dropped, and a list of roles is a list."""
    assert checker.check(signed(token_keys, roles=roles)).roles == kept


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic bWJyXzE6c2VjcmV0",
        "Bearer a b",
        "Bearer ..",
        "Bearer ....",
        "Bearer \0.\0.\0",
        "Bearer été.été.été",
        "Bearer " + "." * 9000,
        f"Bearer {part('[' * 6000)}.e30.e30",
        f"Bearer {part([])}.e30.e30",
        f"Bearer {part({'alg': 'EdDSA', 'crit': ['x']})}.e30.e30",
        f"Bearer {part({'alg': 'EdDSA', 'b64': False})}.e30.e30",
    ],
    ids=lambda header: str(header)[:24],
)
def test_garbage_is_refused(checker: TokenChecker, header: str | None) -> None:
    """Whatever stands in the header, the answer is 401 and not a fault of ours."""
    with pytest.raises(Unauthenticated):
        checker.check(header)


def test_refusal_does_not_show_the_token(checker: TokenChecker, token_keys: KeyPair) -> None:
    """Refusals are logged; a token in a log could be used."""
    header = signed(token_keys, aud="another-lab")
    with pytest.raises(Unauthenticated) as caught:
        checker.check(header)
    assert header.split(".")[1] not in str(caught.value)


def test_staff_sees_every_project_and_a_holder_its_own() -> None:
    """Reviewers and operators work for the lab."""
    holder, reviewer = Caller("mbr_1", frozenset({"holder"})), Caller("x", frozenset({"reviewer"}))
    assert holder.may_see("mbr_1")
    assert (holder.may_see("mbr_2"), holder.may_see()) == (False, False)
    assert reviewer.may_see("mbr_2")
    assert not Caller("mbr_1", frozenset({"owner"})).is_staff


def test_start_is_refused_without_a_usable_key(token_keys: KeyPair, tmp_path: Path) -> None:
    """A wrong key stops the start and names its variable, instead of refusing every request."""
    elliptic = generate_private_key(SECP256R1()).public_key()
    files = {
        "garbage": b"not a key",
        "empty": b"",
        "private": token_keys.private.read_bytes(),
        "elliptic": elliptic.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    for name in (*files, "missing"):
        with pytest.raises(SettingsError, match=r"^DATALAB_TOKEN_PUBLIC_KEY: not a"):
            TokenChecker(tmp_path / name)


def test_keys_take_turns_while_the_service_runs(tmp_path: Path) -> None:
    """The one before stays valid beside the new one, and the one before that does not."""
    pair = key_pair(tmp_path)
    checker = TokenChecker(pair.public)

    def token() -> str:
        return f"Bearer {issue_token(pair.private, 'mbr_1', ['owner'], HOUR)}"

    oldest = token()
    rotate(tmp_path)
    before = token()
    assert [checker.check(token).member_id for token in (oldest, before)] == ["mbr_1", "mbr_1"]
    rotate(tmp_path)
    assert [checker.check(token_text).member_id for token_text in (before, token())] == [
        "mbr_1",
        "mbr_1",
    ]
    with pytest.raises(Unauthenticated, match="que le Datalab n'a pas, ou plus"):
        checker.check(oldest)


def test_checker_goes_on_while_its_file_is_written(tmp_path: Path) -> None:
    """Half a file ends nobody's session."""
    pair = key_pair(tmp_path)
    checker = TokenChecker(pair.public)
    token = f"Bearer {issue_token(pair.private, 'mbr_1', ['owner'], HOUR)}"
    whole = pair.public.read_bytes()
    pair.public.write_bytes(whole[:40])
    assert checker.check(token).member_id == "mbr_1"
    pair.public.write_bytes(whole)
    assert checker.check(token).member_id == "mbr_1"


def test_token_names_account_and_key(token_keys: KeyPair, checker: TokenChecker) -> None:
    """One of before names neither, and is checked with the newest key."""
    named = issue_token(token_keys.private, "mbr_1", ["owner"], HOUR, "acc_1")
    assert jwt.get_unverified_header(named)["kid"]
    assert checker.check(f"Bearer {named}").account_id == "acc_1"
    assert checker.check(signed(token_keys)).account_id == ""
