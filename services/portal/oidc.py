"""Signing in at an OpenID provider: authorisation code with PKCE, by Authlib.

OpenID Connect Core 1.0, Discovery 1.0, RFC 7636 and RFC 9207. State, nonce and verifier wait in the
signed cookie of the browser that left for the provider; whoever comes back with another is refused.
"""

import logging
import re
import warnings
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx
from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import Response

from services.portal.lab import Refused
from services.portal.portal_settings import PortalSettings

with warnings.catch_warnings(record=True):  # of a release to come, at each start
    from authlib.integrations.starlette_client import OAuth, OAuthError  # type: ignore[import-untyped]

log = logging.getLogger(__name__)

_UNAUTHENTICATED, _NOT_FOUND, _UNAVAILABLE = 401, 404, 503
_CLOCKS_APART_SECONDS = 60
_TIMEOUT = httpx.Timeout(10, connect=3)
_OF_THE_LAB = frozenset(("invalid_client", "unauthorized_client"))
"""Errors of RFC 6749, 5.2, that are none of the person's."""
_ERROR = re.compile(r"[a-z_]{1,64}")
"""An error of OAuth's; whoever makes an address up may write anything in its place."""

_NOT_SIGNED_IN = "La connexion n'a pas abouti. Recommencez, s'il vous plaît."


class Provider:
    """The provider that the settings name; asked for its addresses when somebody first needs it."""

    def __init__(self, settings: PortalSettings) -> None:
        self._issuer, self._client_id = settings.oidc_issuer, settings.oidc_client_id
        self._back = f"{settings.reached_at}/connexion/retour"
        has_secret = bool(settings.oidc_client_secret)
        self._client = OAuth().register(
            "provider",
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret or None,
            server_metadata_url=f"{self._issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid email",
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": "client_secret_basic" if has_secret else "none",
                "timeout": _TIMEOUT,
                "trust_env": False,
            },
        )

    async def leave(self, request: Request) -> Response:
        """Send the browser to the provider; Refused when that does not answer."""
        try:
            await self._check_issuer()
            leaving: Response = await self._client.authorize_redirect(request, self._back)
        except (httpx.HTTPError, ValueError, KeyError, RuntimeError) as error:
            raise _away(error) from error
        return leaving

    async def identity(self, request: Request) -> Mapping[str, object]:
        """Return the identity that the provider vouches for; raises Refused if there is none."""
        claims_options = {
            "iss": {"essential": True, "value": self._issuer},
            "aud": {"essential": True, "value": self._client_id},
            "nonce": {"essential": True},
        }
        try:
            await self._check_issuer()
            await self._check_answered(request)
            token = await self._client.authorize_access_token(
                request, claims_options=claims_options, leeway=_CLOCKS_APART_SECONDS
            )
            claims: Mapping[str, Any] = token["userinfo"]
        except httpx.HTTPError as error:
            raise _away(error) from error
        except OAuthError as error:
            # The provider does not know the lab, or its secret: nobody can mend that by trying.
            reason = error.error if _ERROR.fullmatch(str(error.error)) else "unknown_error"
            log.warning("nobody is signed in", extra={"reason": reason})
            if error.error in _OF_THE_LAB:
                raise _away(error) from error
            raise Refused(_UNAUTHENTICATED, _NOT_SIGNED_IN) from error
        except (AuthlibBaseError, JoseError, ValueError, KeyError, TypeError) as error:
            # Which check failed is for the log: a name, never what was sent.
            log.warning("nobody is signed in", extra={"reason": type(error).__name__})
            raise Refused(_UNAUTHENTICATED, _NOT_SIGNED_IN) from error
        field = "mail" if claims.get("email_verified") is True else "unverified_mail"
        mail = str(claims.get("email") or "") or None
        return {"issuer": self._issuer, "subject": str(claims["sub"]), field: mail}

    async def exit_address(self) -> str:
        """Return the provider's logout address (RP-Initiated Logout 1.0); Refused without one."""
        try:
            await self._check_issuer()
            metadata = await self._client.load_server_metadata()
        except (httpx.HTTPError, ValueError, KeyError, RuntimeError) as error:
            raise _away(error) from error
        if not (exit_address := metadata.get("end_session_endpoint")):
            raise Refused(_NOT_FOUND, "Ce fournisseur ne permet pas de fermer sa session d'ici.")
        return f"{exit_address}?{urlencode({'client_id': self._client_id})}"

    async def _check_issuer(self) -> None:
        """Check that the issuer's metadata name the same issuer (Discovery 1.0, 4.3)."""
        metadata = await self._client.load_server_metadata()
        if metadata.get("issuer") != self._issuer:
            raise ValueError("another issuer answers there")

    async def _check_answered(self, request: Request) -> None:
        """RFC 9207, 2.4: a code of another provider is sent to none; it may be an attacker's."""
        metadata = await self._client.load_server_metadata()
        issuers = request.query_params.getlist("iss")
        is_due = metadata.get("authorization_response_iss_parameter_supported") is True
        if issuers != [self._issuer] and (issuers or is_due):
            raise AnswerOfAnotherIssuerError


class AnswerOfAnotherIssuerError(ValueError):
    """The answer does not name the provider that the browser was sent to."""


def _away(error: Exception) -> Refused:
    log.warning("the identity provider gives no answer", extra={"reason": type(error).__name__})
    return Refused(
        _UNAVAILABLE, "Le service de connexion ne répond pas pour le moment : réessayez plus tard."
    )
