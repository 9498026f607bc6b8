"""Signing in at a real OpenID provider, and all that it must not be taken in by."""

import hmac
import json
import re
import time
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from html import unescape
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import flask
import httpx
import oidc_provider_mock  # type: ignore[import-untyped]
import pytest
import werkzeug.serving
from anyio.from_thread import start_blocking_portal
from joserfc import jwt
from joserfc.jwk import RSAKey
from oidc_provider_mock._storage import User, storage  # type: ignore[import-untyped]

from deploy.local.ports import LOOPBACK
from deploy.local.signing_keys import KeyPair, rotate
from services.portal.app import application
from services.portal.portal_settings import PortalSettings
from tests.integration.intake.lab import SIGN_IN_KEY, Lab
from tests.servers import PATIENCE_SECONDS, free_port

OPERATOR = ("mbr_operator", "operator")
PERSON = User(sub="agente", claims={"email": "agente@ville.example", "email_verified": True})
UNVERIFIED = User(sub="fausse", claims={"email": "agente@ville.example", "email_verified": False})
UNVERIFIED_TOO = User(sub="autre", claims={"email": "agent@ville.example"})
FAILED = "La connexion n'a pas abouti."
PORTAL = "http://127.0.0.1:9"
"""Where browsers are sent back to; they are not, in these tests, but called there."""

Claims = dict[str, Any]
Sign = Callable[[Claims, RSAKey], str]


def signed(claims: Claims, key: RSAKey) -> str:
    """A token as the provider signs it."""
    return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)


class Provider:
    """A provider on a port of its own, whose tokens a test may spoil before they are signed."""

    def __init__(self) -> None:
        self.spoil: Callable[[Claims], Claims] = lambda claims: claims
        self.sign: Sign = signed
        self.says: Claims = {}
        self.asked: list[dict[str, list[str]]] = []
        app = oidc_provider_mock.app(
            require_nonce=True, user_claims=[PERSON, UNVERIFIED, UNVERIFIED_TOO]
        )
        app.after_request(self._answer)
        # Its debugger looks at each request; the tests need none.
        self._server = werkzeug.serving.make_server(LOOPBACK, free_port(), app, threaded=True)
        self.url = f"http://{LOOPBACK}:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve while the block lasts."""
        thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            thread.join()

    def _answer(self, response: flask.Response) -> flask.Response:
        token_answer = response.get_json(silent=True) or {}
        if flask.request.path.endswith("/openid-configuration"):
            response.set_data(json.dumps({**token_answer, **self.says}))
        if flask.request.path.startswith("/oauth2/"):
            values = flask.request.values.lists()
            self.asked.append({name: list(forms) for name, forms in values})
        if "id_token" in token_answer:
            own = RSAKey.import_key(storage.jwk.as_dict(is_private=True))
            claims = self.spoil(jwt.decode(token_answer["id_token"], own).claims)
            token_answer["id_token"] = self.sign(claims, own)
            response.set_data(json.dumps(token_answer))
        return response


@pytest.fixture(scope="module")
def issuer() -> Iterator[Provider]:
    """One provider for all: an account is of the one at which its person signed in first."""
    provider = Provider()
    with provider.running():
        yield provider


@pytest.fixture
def provider(issuer: Provider) -> Provider:
    """The provider, which says the truth until a test spoils it."""
    issuer.spoil, issuer.sign, issuer.says = (lambda claims: claims), signed, {}
    issuer.asked.clear()
    return issuer


@pytest.fixture(scope="module", autouse=True)
def account(lab: Lab) -> Any:
    """The account of the one who signs in."""
    body = {"member_id": lab.member(), "name": "Une agente", "mail": "agente@ville.example"}
    return lab.done("POST", "/accounts", {**body, "roles": ["owner"]}, who=OPERATOR)


Visit = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


def visiting(lab: Lab, issuer: str, visit: Visit, **changes: str) -> httpx.Response:
    """What a visit to a portal ends with that has people sign in there."""
    urls = {f"{name}_url": lab.services[0].url for name in ("intake", "catalog", "compute")}
    fields = {
        "oidc_issuer": issuer,
        "oidc_client_secret": "what the provider gave the lab",
        "sign_in_key": SIGN_IN_KEY,
        "public_url": PORTAL,
        "notify_url": lab.services[0].url,
        "cookie_key": "k" * 32,
    }
    app = application(PortalSettings(http_port=9, **{**urls, **fields, **changes}))

    async def visited() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url=PORTAL) as browser,
        ):
            return await visit(browser)

    # In a thread of its own: a browser of other tests may have left its loop in this one.
    with start_blocking_portal() as thread:
        return thread.call(visited)


async def left(browser: httpx.AsyncClient) -> str:
    """The address at the provider that the portal sends somebody to."""
    answer = await browser.get("/connexion/fournisseur")
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


async def agreed(address: str, person: str = "agente", **form: str) -> str:
    """The path at the portal that the provider sends somebody back to."""
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_SECONDS) as other:
        answer = await other.post(address, data={"sub": person, **form})
    assert answer.status_code == 302, answer.text
    assert answer.headers["location"].startswith(f"{PORTAL}/connexion/retour?")
    return str(answer.headers["location"].removeprefix(PORTAL))


def signing_in(person: str = "agente", **form: str) -> Visit:
    """A visit of a person who signs in, to the page that it is shown then."""

    async def visit(browser: httpx.AsyncClient) -> httpx.Response:
        answer = await browser.get(await agreed(await left(browser), person, **form))
        return answer if answer.is_error else await browser.get("/aide")

    return visit


def test_person_signs_in_with_its_account(lab: Lab, provider: Provider) -> None:
    """By code and PKCE: what proves that the code is the lab's is told to the provider alone.

    Challenge, nonce and state are others the next time.
    """

    async def twice(browser: httpx.AsyncClient) -> httpx.Response:
        first = parse_qs(urlsplit(await left(browser)).query)
        assert first["code_challenge_method"] == ["S256"]
        assert first["scope"] == ["openid email"]
        page = await signing_in()(browser)
        left_with, asked = provider.asked
        for name in ("code_challenge", "nonce", "state"):
            assert first[name] != left_with[name]
        [verifier], [challenge] = asked["code_verifier"], left_with["code_challenge"]
        assert len(verifier) >= 43
        hashed = sha256(verifier.encode()).digest()
        assert urlsafe_b64encode(hashed).rstrip(b"=").decode() == challenge
        return page

    assert "Se déconnecter" in visiting(lab, provider.url, twice).text


def changed(**claims: object) -> Callable[[Claims], Claims]:
    """Says this in place of what the provider says; None is not said."""

    def spoil(signed: Claims) -> Claims:
        return {name: value for name, value in (signed | claims).items() if value is not None}

    return spoil


_NOW, _DAY = int(time.time()), 86_400
SPOILT = {
    "another nonce": changed(nonce="of another"),
    "no nonce": changed(nonce=None),
    "another audience": changed(aud="another"),
    "for another, through us": changed(aud="another", azp="datalab"),
    "of another, to us too": changed(aud=["datalab", "another"], azp="another"),
    "another issuer": changed(iss="https://connexion.example"),
    "expired": changed(exp=_NOW - 120),
    "of tomorrow": changed(iat=_NOW + _DAY, exp=_NOW + 2 * _DAY),
    "without an end": changed(exp=None),
    "without a subject": changed(sub=None),
    "of another access token": changed(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_token_that_is_not_for_this_sign_in_is_refused(
    lab: Lab, provider: Provider, spoilt: str
) -> None:
    """Told in one sentence, whatever is wrong."""
    provider.spoil = SPOILT[spoilt]
    page = visiting(lab, provider.url, signing_in())
    assert (page.status_code, FAILED in unescape(page.text)) == (401, True)


def test_clocks_may_be_apart_a_little(lab: Lab, provider: Provider) -> None:
    """Half a minute, either way."""
    for seconds in (-30, 30):
        now = int(time.time()) + seconds
        provider.spoil = changed(iat=now, exp=now + 20)
        assert "Se déconnecter" in visiting(lab, provider.url, signing_in()).text


def _parts(header: Claims, claims: Claims) -> str:
    parts = (json.dumps(segment).encode() for segment in (header, claims))
    return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def _unsigned(claims: Claims, _key: RSAKey) -> str:
    return _parts({"alg": "none"}, claims) + "."


def _signed_with_what_is_public(claims: Claims, key: RSAKey) -> str:
    text = _parts({"alg": "HS256", "kid": key.kid}, claims)
    digest = hmac.digest(key.as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _signed_with_another_key(claims: Claims, key: RSAKey) -> str:
    return signed(claims, RSAKey.generate_key(2048, {"kid": str(key.kid)}))


@pytest.mark.parametrize("sign", [_unsigned, _signed_with_what_is_public, _signed_with_another_key])
def test_token_that_the_provider_did_not_sign_is_refused(
    lab: Lab, provider: Provider, sign: Sign
) -> None:
    """It said which signatures it makes, and with which keys."""
    provider.sign = sign
    assert visiting(lab, provider.url, signing_in()).status_code == 401


async def _replayed(browser: httpx.AsyncClient) -> httpx.Response:
    back = await agreed(await left(browser))
    assert (await browser.get(back)).status_code == 303
    return await browser.get(back)


async def _from_another_browser(browser: httpx.AsyncClient) -> httpx.Response:
    back = await agreed(await left(browser))
    browser.cookies.clear()
    return await browser.get(back)


async def _code_of_another(browser: httpx.AsyncClient) -> httpx.Response:
    """An attacker's code with the victim's state: the verifier is not that of the code."""
    theirs = parse_qs(urlsplit(await agreed(await left(browser))).query)["code"]
    own = parse_qs(urlsplit(await agreed(await left(browser))).query)["state"]
    query = urlencode({"code": theirs[0], "state": own[0]})
    return await browser.get(f"/connexion/retour?{query}")


async def _made_up(browser: httpx.AsyncClient) -> httpx.Response:
    await left(browser)
    return await browser.get("/connexion/retour?code=x&state=y")


async def _nothing(browser: httpx.AsyncClient) -> httpx.Response:
    return await browser.get("/connexion/retour")


@pytest.mark.parametrize(
    "visit", [_replayed, _from_another_browser, _code_of_another, _made_up, _nothing]
)
def test_answer_that_was_not_asked_for_is_refused(
    lab: Lab, provider: Provider, visit: Visit
) -> None:
    """Each code and each state are good once, for the browser that left for them."""
    page = visiting(lab, provider.url, visit)
    assert (page.status_code, FAILED in unescape(page.text)) == (401, True)


def naming(*issuers: str) -> Visit:
    """A visit whose answer names these issuers (RFC 9207)."""

    async def visit(browser: httpx.AsyncClient) -> httpx.Response:
        back = await agreed(await left(browser))
        return await browser.get("&".join([back, *(f"iss={quote(issuer)}" for issuer in issuers)]))

    return visit


def test_answer_of_another_provider_is_refused_before_its_code_is_sent(
    lab: Lab, provider: Provider
) -> None:
    """Mixed up by an attacker, it would hand one provider's code to another."""
    other = "https://connexion.example"
    for issuers in ((other,), (provider.url, other), (provider.url, provider.url), ("",)):
        page = visiting(lab, provider.url, naming(*issuers))
        assert (page.status_code, FAILED in unescape(page.text)) == (401, True)
    assert not any("code_verifier" in asked for asked in provider.asked)
    assert visiting(lab, provider.url, naming(provider.url)).status_code == 303
    provider.says = {"authorization_response_iss_parameter_supported": True}
    assert visiting(lab, provider.url, naming()).status_code == 401
    assert visiting(lab, provider.url, naming(provider.url)).status_code == 303


def test_person_who_says_no_is_not_signed_in(lab: Lab, provider: Provider) -> None:
    """The provider says so in place of a code."""
    page = visiting(lab, provider.url, signing_in(action="deny"))
    assert (page.status_code, FAILED in unescape(page.text)) == (401, True)


def test_log_tells_operators_why_somebody_is_not_signed_in(
    lab: Lab, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    """By the account that was not entered, never by an address, or by what the URL says.

    The person is told that it has no account; nor is an address believed that nobody verified.
    """
    account = lab.done("GET", "/accounts?limit=1", who=OPERATOR)["items"][0]
    new = {**account, "name": "Un agent", "mail": "agent@ville.example"}
    about = {name: new[name] for name in ("member_id", "name", "mail", "roles")}
    unclaimed = lab.done("POST", "/accounts", about, who=OPERATOR)
    for person in ("autre", "fausse", "inconnue@ville.example"):
        page = visiting(lab, provider.url, signing_in(person))
        assert page.status_code == 401
        assert "aucun compte du Datalab n'est ouvert" in unescape(page.text)
    logged = "".join(service.log() for service in lab.services)
    lines = [json.loads(line) for line in logged.splitlines() if "a person is not" in line]
    reasons = {(line["reason"], line["account_id"]) for line in lines}
    assert ("address_not_verified", unclaimed["id"]) in reasons
    assert ("no_account", "") in reasons
    assert "@ville.example" not in logged

    async def made_up(browser: httpx.AsyncClient) -> httpx.Response:
        await left(browser)
        return await browser.get("/connexion/retour?state=x&error=mot+de+passe:+secret")

    visiting(lab, provider.url, made_up)
    records = [vars(record) for record in caplog.records]
    reasons_here = [record["reason"] for record in records if record["name"].endswith(".oidc")]
    assert reasons_here == ["unknown_error"]


def test_provider_that_is_away_or_another_is_told(lab: Lab, provider: Provider) -> None:
    """One that calls itself something else is not trusted either; the rest of the portal works."""

    async def leaving(browser: httpx.AsyncClient) -> httpx.Response:
        assert (await browser.get("/connexion")).status_code == 200
        return await browser.get("/connexion/fournisseur")

    for issuer in (f"http://{LOOPBACK}:{free_port()}", f"{provider.url}/"):
        page = visiting(lab, issuer, leaving)
        assert page.status_code == 503
        assert "Le service de connexion ne répond pas" in page.text


def test_portal_whose_key_intake_does_not_know_signs_nobody_in(
    lab: Lab, provider: Provider
) -> None:
    """Whoever the provider vouches for."""
    page = visiting(lab, provider.url, signing_in(), sign_in_key="another key of 32 characters....")
    assert page.status_code == 401


def test_two_rotations_of_the_signing_key_in_a_minute_sign_nobody_out(
    lab: Lab, provider: Provider, token_keys: KeyPair
) -> None:
    """The token of before is of a key that is gone; the session is not."""

    async def staying(browser: httpx.AsyncClient) -> httpx.Response:
        await browser.get(await agreed(await left(browser)))
        assert (await browser.get("/ateliers")).status_code == 200
        for _ in range(2):
            rotate(token_keys.private.parent)
        return await browser.get("/ateliers")

    page = visiting(lab, provider.url, staying)
    assert (page.status_code, "Se déconnecter" in page.text) == (200, True)


def test_who_leaves_is_led_to_the_provider_s_own_exit(lab: Lab, provider: Provider) -> None:
    """On a shared computer the next person would enter as the last one, who is still signed in."""

    async def leaving(browser: httpx.AsyncClient) -> httpx.Response:
        page = await browser.get(await agreed(await left(browser)))
        page = await browser.get("/aide")
        [token] = set(re.findall(r'name="csrf" value="([^"]+)"', page.text))
        await browser.post("/deconnexion", data={"csrf": token})
        page = await browser.get("/connexion")
        assert "/connexion/fournisseur/fin" in page.text
        return await browser.get("/connexion/fournisseur/fin")

    answer = visiting(lab, provider.url, leaving)
    assert (answer.status_code, "client_id=" in answer.headers["location"]) == (303, True)
    assert answer.headers["location"].startswith(provider.url)
