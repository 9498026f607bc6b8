"""Of which kind the news is that an event is, and who is written to about it.

A person chooses by kind. Who is told is never more than who may hear of the event by webhook: the
members it concerns, and of the lab's staff who has the role. Beside these, what everybody may read
is told to all who chose its kind, and who registered for a workshop is told of its own seat,
without having chosen.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import quote

from services.notify.timeline import MemberNews, members_of
from shared.auth import Role
from shared.events import Event

Kind = Literal["tasks", "projects", "data", "workshops"]
"""What waits for the person, and news of its projects, of its data, of workshops."""

_PROJECT, _REVIEW = "/projets/{project_id}", "/revue/{project_id}"
_REQUEST = "/demandes/{project_id}.{dataset_id}"
_DATASET, _OPENING = "/donnees/{dataset_id}", "/donnees/{dataset_id}/ouverture"
_JOB, _RELEASE = "/resultats/{job_id}", "/resultats/{job_id}/sortie"
_STAFF: tuple[Role, ...] = ("reviewer", "operator")
_FINAL = frozenset({"trial", "full"})


def _always(_event: Any) -> bool:  # noqa: ANN401 - any event
    return True


@dataclass(frozen=True)
class Audience:
    """Some of those who are written to about an event, and the portal's page that it leads to.

    `to` are fields of the event that name members, or things whose owners are meant; with `roles`
    it is whoever of the staff has one, but persons of the members that `but` names. `when` says of
    which events of the class. What is `public` is for all who chose its kind. `unasked` is the
    field that names a registration or an account: its person alone is written to, and has not
    chosen so; for the members it is news on the portal.
    """

    kind: Kind
    page: str
    to: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    but: tuple[str, ...] = ()
    when: Callable[[Any], bool] = _always
    public: bool = False
    unasked: str = ""

    def leaves_out(self, member_id: str, event: Event) -> bool:
        """Whether the event names the member among those that are not written to."""
        return member_id in {getattr(event, field) for field in self.but}

    def members(self, event: Event, owners: Mapping[str, str | None]) -> frozenset[str]:
        """Return the members whose people get a mail, among those who may hear of the event."""
        named: set[str | None] = set()
        for field in self.to:
            value = getattr(event, field, None) or ()
            named.update((value,) if isinstance(value, str) else value)
        meant = {owners.get(named_id, named_id) if named_id else None for named_id in named}
        concerned = members_of(event) | {owner for owner in owners.values() if owner}
        return frozenset(member_id for member_id in meant if member_id in concerned)

    def address(self, event: Event) -> str:
        """Return the path of the portal's page about the event."""
        fields = event.model_dump(mode="json")
        return self.page.format_map({name: quote(str(fields[name]), safe="") for name in fields})


def _of_projects(*to: str, when: Callable[[Any], bool] = _always) -> Audience:
    return Audience("projects", _PROJECT, to, when=when)


def _of_data(*to: str) -> Audience:
    return Audience("data", _DATASET, to)


def _review(page: str = _REVIEW) -> Audience:
    return Audience("tasks", page, roles=("reviewer",))


_HOLDER, _ITS_PROJECT = _of_projects("holder_id"), _of_projects("project_id")
_TO_DO = Audience("tasks", _PROJECT, ("holder_id",))
_OWNER, _OWNERS = _of_data("owner_id"), _of_data("owner_id", "member_ids")
_JOB_END = Audience("projects", _JOB, ("project_id",), when=lambda event: event.kind in _FINAL)
_TABLES_END = Audience(
    "data", _DATASET, ("dataset_id",), when=lambda event: event.kind == "protect"
)
_WORKSHOP = "/ateliers/{workshop_id}"
_HOST = Audience("workshops", _WORKSHOP, ("member_ids",))
_ALL = Audience("workshops", _WORKSHOP, public=True)
_SEAT = Audience("workshops", _WORKSHOP, ("member_id",), unasked="registration_id")
# Nothing is kept of who gave its seat up itself: no letter would find its address.
_GIVEN_UP = Audience("workshops", _WORKSHOP, ("member_id",))
_TAKEN_OUT = replace(_SEAT, when=lambda event: event.by_staff)
_OPENED = Audience("tasks", "/connexion", unasked="account_id")
_KEPT_FOR_A_TIME = Audience("data", "/", ("member_id",))

AUDIENCES: Mapping[str, tuple[Audience, ...]] = {
    "account_opened": (_OPENED,),
    "project_submitted": (_HOLDER,),
    "project_advised": (_HOLDER, _review()),
    # A later one replaces what the reviewers were written about already.
    "treatment_proposed": (replace(_review(), when=lambda event: event.proposal == 1),),
    "project_approved": (_HOLDER, _review()),
    "completion_asked": (_TO_DO,),
    "completion_given": (_review(),),
    "project_secured": (_HOLDER,),
    "treatment_changed": (
        _of_projects("holder_id", when=lambda event: event.decided_by not in {"", event.holder_id}),
    ),
    "treatment_review_asked": (_review(), _HOLDER),
    "treatment_approved": (_HOLDER,),
    "project_rejected": (_HOLDER,),
    "project_withdrawn": (_of_projects("holder_id", "member_ids"),),
    "project_equipped": (_HOLDER,),
    "project_trialled": (_HOLDER,),
    "member_invited": (Audience("tasks", _PROJECT, ("member_id",)),),
    "invitation_reminded": (Audience("tasks", _PROJECT, ("member_id",)),),
    "invitation_expired": (_HOLDER, Audience("tasks", _PROJECT, ("member_id",))),
    "invitation_accepted": (_HOLDER,),
    "invitation_declined": (_HOLDER,),
    "project_piloted": (_HOLDER,),
    "project_staffed": (_HOLDER,),
    "project_delivered": (_HOLDER,),
    "dataset_published": (_OWNER,),
    "dataset_held": (_OWNER,),
    "dataset_rejected": (_OWNER,),
    "dataset_retired": (_OWNER,),
    "dataset_deleted": (_OWNERS,),
    "joins_discovered": (_OWNERS, _HOLDER),
    "not_personal_declared": (
        Audience(
            "tasks",
            _DATASET,
            roles=_STAFF,
            but=("owner_id",),
            when=lambda event: event.needs_answer,
        ),
    ),
    "not_personal_answered": (_OWNER,),
    "opening_requested": (Audience("tasks", _OPENING, ("member_ids",)),),
    "opening_decided": (Audience("data", _OPENING, ("owner_id", "member_ids")),),
    "harvest_completed": (Audience("data", "/donnees", ("owner_id",)),),
    "harvest_failed": (Audience("data", "/donnees", ("owner_id",)),),
    "access_requested": (
        Audience("tasks", _REQUEST, ("member_id",)),
        Audience("tasks", _REQUEST, ("owner_id",), when=lambda event: not event.member_id),
        _HOLDER,
    ),
    "access_reminded": (Audience("tasks", _REQUEST, ("member_ids",)),),
    "access_granted": (_OWNERS, _ITS_PROJECT),
    "access_bound": (_OWNERS,),
    "access_refused": (_OWNERS, _ITS_PROJECT),
    "access_expired": (Audience("data", _REQUEST, ("owner_id", "member_ids")), _ITS_PROJECT),
    "access_revoked": (_OWNERS, _ITS_PROJECT),
    "data_access_opened": (_ITS_PROJECT,),
    "quota_requested": (Audience("tasks", f"{_REVIEW}/quota", roles=_STAFF),),
    "quota_decided": (_HOLDER,),
    "job_given_up": (Audience("tasks", _JOB, roles=("operator",)),),
    # Of what was held they are written to when it is released.
    "job_succeeded": (
        replace(_JOB_END, when=lambda event: event.kind in _FINAL and not event.is_held),
        _TABLES_END,
    ),
    "job_failed": (_JOB_END, _TABLES_END),
    "result_held": (_review(_RELEASE),),
    "release_question_asked": (Audience("tasks", _JOB, ("project_id",)),),
    "release_question_answered": (_review(_RELEASE),),
    "result_released": (_JOB_END,),
    "result_stale": (_JOB_END,),
    "service_renewed": (_HOLDER,),
    "renewal_failed": (_TO_DO,),
    "service_stopped": (_TO_DO,),
    "service_review_due": (_TO_DO,),
    "service_retired": (_HOLDER,),
    "result_refused": (_JOB_END,),
    "endpoint_disabled": (Audience("tasks", "/partenaires", ("member_id",)),),
    "workshop_announced": (_HOST, _ALL),
    "workshop_changed": (_HOST, _SEAT),
    "workshop_cancelled": (_HOST, _SEAT),
    "workshop_due": (_HOST, _SEAT),
    "workshop_held": (_HOST,),
    "material_added": (_HOST, _SEAT),
    "seat_taken": (_SEAT,),
    "seat_waiting": (_SEAT,),
    "seat_given_up": (_TAKEN_OUT, _GIVEN_UP),
    "seat_link_asked": (_SEAT,),
    "intake_retention_announced": (_KEPT_FOR_A_TIME,),
    "catalog_retention_announced": (_KEPT_FOR_A_TIME,),
    "compute_retention_announced": (_KEPT_FOR_A_TIME,),
    "notify_retention_announced": (_KEPT_FOR_A_TIME,),
}
"""Who is written to about which event; of a person the first audience counts that it wants.

Those of members come first. Whether a reviewer may decide on a project's case, and
need, intake is asked when the mail is sent.
"""


UNMAILED: frozenset[str] = frozenset(
    {
        "member_joined",
        "member_left",
        "erasure_requested",
        "erasure_completed",
        "catalog_erased",
        "compute_erased",
        "notify_erased",
        "treatment_checked",
        "inputs_checked",
        "datasets_matched",
        "dataset_registered",
        "dataset_harvested",
        "dataset_described",
        "release_policy_set",
        "release_policy_agreed",
        "release_policy_removed",
        "protection_requested",
        "results_recalled",
        "harvest_page_fetched",
        "harvest_cancelled",
        "workspace_opened",
        "service_access_ended",
        "renewal_decided",
        "job_queued",
        "job_started",
        "job_retried",
        "job_forgotten",
        "job_cancelled",
        "recipe_published",
        "recipe_retired",
        "delivery_abandoned",
        "intake_retention_applied",
        "catalog_retention_applied",
        "compute_retention_applied",
        "notify_retention_applied",
    }
)
"""Nobody is written to about these: steps on the way, and what one did oneself."""


def news_of(event: Event, owners: Mapping[str, str | None]) -> tuple[MemberNews, ...]:
    """Return the members for whom the event is news; tasks for a role are nobody's news."""
    news_by_member: dict[str, MemberNews] = {}
    for audience in AUDIENCES.get(event.topic, ()):
        member_ids = sorted(audience.members(event, owners)) if audience.when(event) else ()
        for member_id in member_ids:
            page = audience.address(event)
            news_by_member.setdefault(
                member_id, MemberNews(member_id=member_id, kind=audience.kind, page=page)
            )
    return tuple(news_by_member.values())
