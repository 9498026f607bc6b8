"""What persons say of the mails that they want, and how all that is known of them is forgotten."""

from collections.abc import Mapping
from datetime import datetime

from services.notify.mail.model import GONE, KINDS, Mail, MailPreference, Scope, parts_of_link
from services.notify.mail.views import ChoosePreferences
from services.notify.naming import with_projects
from services.notify.timeline import TimelineEntry
from shared.aggregate import Aggregate
from shared.auth import Caller
from shared.endings.departures import check_present
from shared.errors import Forbidden, NotFound
from shared.inbound import Paging
from shared.store import Store


def read(store: Store, caller: Caller) -> MailPreference:
    """Return the caller's preferences, none by default; Forbidden without an account."""
    _check_account(caller)
    preference = store.of(MailPreference).find_one(caller.account_id)
    return preference or _nothing(caller)


def choose(store: Store, caller: Caller, body: ChoosePreferences) -> MailPreference:
    """Save the caller's preferences; Forbidden without an account."""
    _check_account(caller)

    def decide(preference: MailPreference) -> None:
        for kind in KINDS:
            setattr(preference, kind, getattr(body, kind))

    preferences = store.of(MailPreference)
    chosen = preferences.change(caller.account_id, decide, new=lambda: _nothing(caller))
    try:
        check_present(store, caller.member_id)
    except Forbidden:
        # It left meanwhile, and what it wants may have been forgotten before this was saved.
        preferences.remove(chosen)
        raise
    return chosen


def stop(store: Store, link: str) -> Scope:
    """Stop the mails that a link is for, and return their scope; NotFound for an invalid link."""
    account_id, scope, proof = parts_of_link(link)
    try:
        store.of(MailPreference).change(
            account_id, lambda preference: preference.stop(scope, proof)
        )
    except NotFound:
        raise NotFound(GONE) from None
    return scope


def refused_at(store: Store, account_id: str) -> datetime | None:
    """When the address of an account refused its newest mail for good; None if it did not."""
    tried = {"account_id": account_id, "is_pending": False}
    for newest in store.of(Mail).find(tried, sort="due_since", descending=True, limit=1):
        if newest.attempts and newest.attempts[-1].is_final:
            return newest.attempts[-1].at
    return None


def page_news(store: Store, member_id: str, page: Paging) -> tuple[list[TimelineEntry], str | None]:
    """A page of what a member's persons are written about, whether they want it or not."""
    where = {"told": {"$in": [member_id]}}
    entries, cursor = store.of(TimelineEntry).page(
        where, after=page.after, limit=page.limit, descending=True
    )
    return with_projects(store, entries, member_id), cursor


def forget_account(store: Store, account_id: str) -> None:
    """Forget what an account wants, and its mails."""
    _forget(store, MailPreference, {"_id": account_id})
    _forget(store, Mail, {"account_id": account_id})


def forget_member(store: Store, member_id: str) -> int:
    """Forget what the persons of a member want, and their mails; how many."""
    return sum(_forget(store, cls, {"member_id": member_id}) for cls in (MailPreference, Mail))


def forget_mails(store: Store, where: Mapping[str, object]) -> None:
    """Forget the mails that fit `where`."""
    _forget(store, Mail, where)


def _forget(store: Store, cls: type[Aggregate], where: Mapping[str, object]) -> int:
    count = 0
    # Looked for again: one that is just being sent is another version by the time it is removed.
    while documents := store.of(cls).find(where):
        for document in documents:
            store.of(cls).remove(document)
        count += len(documents)
    return count


def _nothing(caller: Caller) -> MailPreference:
    return MailPreference(id=caller.account_id, member_id=caller.member_id)


def _check_account(caller: Caller) -> None:
    if not caller.account_id:
        raise Forbidden(
            "les courriels vont à l'adresse d'un compte : ce jeton n'est pas celui d'une personne"
            " qui en a un"
        )
