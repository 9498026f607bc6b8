"""One request of a person: who it is, what was sent, and how it is answered."""

import hmac
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import quote

from jinja2 import Environment
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from services.portal.french import size
from services.portal.lab import Json, Refused, SignIn
from services.portal.lab.lab_calls import Lab
from services.portal.lab.person import Person, menu_of
from services.portal.limits.form_body import bounded, check_texts, whole_number
from services.portal.limits.repeated_attempts import Attempts
from services.portal.limits.unsent_forms import ENDED, KEPT, NOT_SENT, UnsentForm, UnsentForms
from services.portal.oidc import Provider
from services.portal.portal_settings import PortalSettings

_CREATED, _SEEN, _UNAUTHENTICATED, _FORBIDDEN = 201, 303, 401, 403
_FOR_FORMS = frozenset((400, 403, 409, 413, 422, 429))
"""What a form is shown again for: what is wrong with it, or that it has to be sent later."""

_NOT_KEPT = {"cache-control": "no-store"}
"""What pages show is for who signed in: no browser or proxy keeps it for the next."""

_FORM_FIELDS = 600
_SENT_BEFORE = (
    "Ce formulaire a déjà été envoyé avec autre chose : ce premier envoi est enregistré. Ouvrez un"
    " nouveau formulaire pour en faire un autre."
)


@dataclass
class Visit:
    """A request, with what its handler needs; `form` has no files that were not chosen."""

    request: Request
    settings: PortalSettings
    templates: Environment
    lab: Lab
    sign_in: SignIn
    sign_ups: Attempts
    provider: Provider | None = None
    form: FormData = field(default_factory=FormData)
    unsent: UnsentForms = field(default_factory=UnsentForms)

    @property
    def person(self) -> Person | None:
        """Who signed in, if anybody."""
        kept = self.request.session
        if "session" not in kept:
            return None
        return Person(kept["member_id"], frozenset(kept["roles"]), kept.get("account_id", ""))

    @property
    def member_id(self) -> str:
        """The member that the person acts for; empty when nobody signed in."""
        return self.person.member_id if self.person else ""

    @property
    def account_id(self) -> str:
        """The person's own account; empty for who came by a link, or did not sign in."""
        return self.person.account_id if self.person else ""

    @property
    def address(self) -> str:
        """Where the request comes from, as trusted proxies tell."""
        return self.request.client.host if self.request.client else ""

    @property
    def menu(self) -> list[tuple[str, str]]:
        """The addresses of the pages that this person, or anybody, uses, with their titles."""
        return menu_of(self.person, is_public=self.settings.public_catalog)

    @property
    def csrf(self) -> str:
        """What a form of this browser brings along; made the first time."""
        token: str = self.request.session.setdefault("csrf", secrets.token_urlsafe(16))
        return token

    def text(self, name: str) -> str:
        """A field of the form, without spaces around it; empty when it was not sent."""
        value = self.form.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        """Return all values of a form field, without empty ones."""
        values = (value.strip() for value in self.form.getlist(name) if isinstance(value, str))
        return [text for text in values if text]

    def number(self, name: str) -> int | None:
        """A whole number of the form; None when it was not sent, or is something else."""
        return whole_number(self.text(name))

    def words(self, name: str) -> list[str]:
        """Return the words of a form field, which commas or semicolons separate."""
        return [word.strip() for word in re.split("[,;]", self.text(name)) if word.strip()]

    def lines(self, name: str) -> list[str]:
        """Return the lines of a form field, without empty ones."""
        return [line.strip() for line in self.text(name).splitlines() if line.strip()]

    def file(self, name: str) -> UploadFile | None:
        """The file that was chosen in a field of the form, if any."""
        value = self.form.get(name)
        return value if isinstance(value, UploadFile) and value.filename else None

    def part(self, name: str) -> str:
        """A part of the address, such as the id of what the page is about."""
        return str(self.request.path_params[name])

    def asked(self, name: str, default: str = "") -> str:
        """A parameter of the address."""
        return self.request.query_params.get(name, default)

    async def names(self, member_ids: Iterable[str]) -> dict[str, str]:
        """Return the members' names by id, as no page shows an id in place of a name."""
        return {
            member_id: called(member)
            for member_id, member in (await self.lab.members(member_ids)).items()
        }

    def page(self, template: str, status: int = 200, **variables: Any) -> Response:  # noqa: ANN401 - see render
        """Render a page; its variables are escaped, whoever they come from."""
        return HTMLResponse(self.render(template, **variables), status, _NOT_KEPT)

    def secret(self, template: str, **variables: Any) -> Response:  # noqa: ANN401 - see render
        """Render a page with a secret that is shown only once."""
        return self.page(template, _CREATED, **variables)

    def render(self, template: str, **variables: Any) -> str:  # noqa: ANN401 - a template takes anything
        """Render the HTML of a template."""
        message = self.request.session.pop("said", None)
        common = {
            "visit": self,
            "person": self.person,
            "lab_name": self.settings.lab_name,
            "path": self.request.url.path,
            "said": message,
        }
        return self.templates.get_template(template).render(**common, **variables)

    def ask_to_sign_in(self, unsent: str = "") -> Response:
        """Redirect to the sign-in page, with the key of the form that is kept, if any."""
        session, path = self.request.session, self.request.url.path
        was_form = self.request.method == "POST"
        if was_form or self.person:
            message = KEPT if unsent else NOT_SENT if was_form else ENDED
            session.clear()
            session.update({"said": message, **({"unsent": unsent} if unsent else {})})
        return RedirectResponse(f"/connexion?suite={quote(path)}", _SEEN)

    def keep_form(self, *, takes_file: bool) -> str:
        """Keep the form that was sent until its person is back; the key to it, or nothing."""
        sent = [(name, text) for name, text in self.form.multi_items() if isinstance(text, str)]
        path = self.request.url.path
        return self.unsent.keep(UnsentForm(path, tuple(sent), self.member_id, takes_file))

    def go(self, path: str, message: str = "") -> Response:
        """Redirect to another page of the portal, which shows `message` at its top."""
        if message:
            self.request.session["said"] = message
        return RedirectResponse(path, _SEEN)


def called(member: Json) -> str:
    """What a member is called: a plain word for one who is erased, or whom the lab cannot tell."""
    if member is None:
        return "un membre au nom inconnu"
    return "un ancien membre" if member["is_erased"] else str(member["name"])


Handler = Callable[[Visit], Awaitable[Response]]


def _route(
    method: str,
    path: str,
    handler: Handler,
    *,
    is_open: bool = False,
    public: bool = False,
    takes_file: bool = False,
    is_proven: bool = False,
) -> Route:
    """A page, or what a form of one does; who has not signed in is asked to.

    Not if it `is_open`, nor, where the lab lets anybody read its catalogue, if it is `public`.
    A form that `takes_file` may be as large as the lab's files. What the address itself proves
    (`is_proven`) may be sent by others than this portal's forms.
    """

    async def answer(request: Request) -> Response:
        visit: Visit = request.app.state.visit(request)
        check_texts((*request.query_params.multi_items(), *request.path_params.items()))
        is_for_all = is_open or (public and visit.settings.public_catalog)
        if visit.person is None and not is_for_all:
            if method == "POST" and not takes_file and _is_own(visit):
                return await _sent_too_late(visit)
            return visit.ask_to_sign_in()
        if method == "POST":
            return await _sent(visit, handler, takes_file=takes_file, is_proven=is_proven)
        return await handler(visit)

    return Route(path, answer, methods=[method])


get, post = partial(_route, "GET"), partial(_route, "POST")


async def _sent(visit: Visit, handler: Handler, *, takes_file: bool, is_proven: bool) -> Response:
    """Let the handler have the form that was sent, once it is whole; raises Refused."""
    request, seconds = visit.request, visit.settings.http_body_seconds
    limit = visit.settings.max_upload_bytes if takes_file else 0
    large = f"Le fichier dépasse {size(limit)}." if limit else "Ce formulaire est trop long."
    sent = Request(request.scope, bounded(request.receive, limit, large, seconds))
    async with sent.form(max_files=1, max_fields=_FORM_FIELDS) as form:
        check_texts(form.multi_items())
        visit.form = form
        is_own = hmac.compare_digest(visit.text("csrf").encode(), visit.csrf.encode())
        if not (is_own or is_proven):
            raise Refused(
                _FORBIDDEN, "Cette page est restée ouverte trop longtemps : rechargez-la."
            )
        try:
            return await handler(visit)
        except Refused as refused:
            if refused.status != _UNAUTHENTICATED or visit.person is None:
                raise
            return visit.ask_to_sign_in(visit.keep_form(takes_file=takes_file))


def _is_own(visit: Visit) -> bool:
    """Whether the browser says that a page of this portal sent what it sends."""
    headers = visit.request.headers
    is_same = headers.get("sec-fetch-site") == "same-origin"
    return is_same or headers.get("origin") == visit.settings.reached_at


async def _sent_too_late(visit: Visit) -> Response:
    """Keep the form of somebody whose session ended: it is looked at again before it is sent."""
    request, seconds = visit.request, visit.settings.http_body_seconds
    receive = bounded(request.receive, 0, "Ce formulaire est trop long.", seconds)
    async with Request(request.scope, receive).form(max_fields=_FORM_FIELDS) as form:
        visit.form = form
        return visit.ask_to_sign_in(visit.keep_form(takes_file=False))


@dataclass(frozen=True)
class Faults:
    """What is wrong with a form: the sentence, the field that it is told at, the HTTP status."""

    message: str = ""
    at: str = ""
    status: int = 200


NO_FAULTS = Faults()


def faults_of(refused: Refused) -> Faults:
    """What a form shows of a refusal; one that is not of what was sent is raised again.

    A list is one field of the form: what is wrong with `territory.0` is told at `territory`.
    """
    if refused.status not in _FOR_FORMS:
        raise refused
    if refused.field == "Idempotency-Key":
        return Faults(_SENT_BEFORE, status=refused.status)
    return Faults(refused.detail, refused.field.partition(".")[0], refused.status)


P = ParamSpec("P")
FormHandler = Callable[Concatenate[Visit, P], Awaitable[Response]]


def faults_on(
    page: Callable[[Visit, Faults], Awaitable[Response]],
) -> Callable[[FormHandler[P]], FormHandler[P]]:
    """What a form does; what is refused of it is told on that page, with what was typed."""

    def decorate(handler: FormHandler[P]) -> FormHandler[P]:
        @wraps(handler)
        async def answer(visit: Visit, /, *args: P.args, **kwargs: P.kwargs) -> Response:
            try:
                return await handler(visit, *args, **kwargs)
            except Refused as refused:
                return await page(visit, faults_of(refused))

        return answer

    return decorate
