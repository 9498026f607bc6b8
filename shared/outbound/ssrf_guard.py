"""Decides which URLs may be called, and at which addresses."""

from collections.abc import Collection
from dataclasses import dataclass

from pydantic import AnyHttpUrl, TypeAdapter, ValidationError

from shared.errors import Invalid
from shared.outbound.name_resolution import Names, TimeLimit
from shared.outbound.special_addresses import is_public

REGISTERING_SECONDS = 5.0
"""What resolving may take while a person waits for their URL to be accepted."""

_URL = TypeAdapter(AnyHttpUrl)
_URL_LENGTH = 2000


@dataclass(frozen=True)
class CheckedTarget:
    """Where a call goes: the parts of its URL and the addresses that were checked."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]


class SsrfGuard:
    """Decides which URLs may be called, at `ports` only if there are any.

    With `allow_private`, for demos and tests, http, every address and every port may be.
    """

    def __init__(
        self, *, allow_private: bool, names: Names | None = None, ports: Collection[int] = ()
    ) -> None:
        self._allow_private, self._names, self._ports = allow_private, names or Names(), ports

    def normalised(self, url: str, share: str = "") -> str:
        """The URL as it will be called, if it may be; Invalid says why not."""
        parsed = self._parse(url)
        self._target(parsed, TimeLimit(REGISTERING_SECONDS), share)
        return str(parsed)

    def target(self, url: str, limit: TimeLimit, share: str = "") -> CheckedTarget:
        """The checked addresses behind a URL, at this moment; Invalid says why not.

        `share` is whose load it is: of one, few names are resolved at once, see
        shared.outbound.name_resolution.
        """
        return self._target(self._parse(url), limit, share)

    def _parse(self, url: str) -> AnyHttpUrl:
        try:
            parsed = _URL.validate_python(url)
        except ValidationError as error:
            raise Invalid("doit être une URL http ou https complète", "url") from error
        if len(url) > _URL_LENGTH:
            raise Invalid(f"ne doit pas dépasser {_URL_LENGTH} caractères", "url")
        if parsed.username or parsed.password:
            raise Invalid("ne doit porter ni nom d'utilisateur ni mot de passe", "url")
        if not self._allow_private:
            self._check_public(parsed)
        return parsed

    def _check_public(self, url: AnyHttpUrl) -> None:
        if url.scheme != "https":
            raise Invalid("doit être en https", "url")
        if self._ports and url.port not in self._ports:
            allowed = ", ".join(map(str, self._ports))
            raise Invalid(f"le port {url.port} n'est pas admis (admis : {allowed})", "url")

    def _target(self, url: AnyHttpUrl, limit: TimeLimit, share: str) -> CheckedTarget:
        host, port = (url.host or "").strip("[]"), url.port or 443
        return CheckedTarget(
            scheme=url.scheme,
            host=host,
            port=port,
            path=(url.path or "/") + (f"?{url.query}" if url.query else ""),
            addresses=self._addresses(host, port, limit, share),
        )

    def _addresses(self, host: str, port: int, limit: TimeLimit, share: str) -> tuple[str, ...]:
        addresses = self._names.addresses(host, port, limit, share)
        # One forbidden address among allowed ones is enough: names like that are made to slip by.
        if not self._allow_private and not all(map(is_public, addresses)):
            raise Invalid(f"{host} est sur un réseau privé ou réservé", "url")
        return addresses
