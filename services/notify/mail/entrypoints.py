"""What notify serves of mails, by HTTP."""

from services.notify.mail import preferences
from services.notify.mail.model import MailPreference
from services.notify.mail.views import (
    AskRefusals,
    ChoosePreferences,
    NewsPage,
    NewsView,
    PreferenceView,
    RefusalList,
    RefusalView,
    StoppedView,
)
from shared.http import Call, http
from shared.inbound import Paging
from shared.settings import Settings
from shared.store import Store


class ForMails:
    """Each person decides which mails it gets."""

    documents: Store
    settings: Settings

    @http("GET", "/mail-preferences", returns=PreferenceView)
    def read_mail_preferences(self, call: Call) -> PreferenceView:
        """Read when the caller is written, by kind; never, until it says otherwise."""
        return self._shown(preferences.read(self.documents, call.caller))

    @http("PUT", "/mail-preferences", body=ChoosePreferences, returns=PreferenceView)
    def choose_mails(self, call: Call) -> PreferenceView:
        """Choose when one is written, by kind; the token has to be of an account."""
        return self._shown(preferences.choose(self.documents, call.caller, call.body))

    @http(
        "GET",
        "/mail-refusals",
        query=AskRefusals,
        returns=RefusalList,
        roles=frozenset({"operator"}),
    )
    def read_mail_refusals(self, call: Call) -> RefusalList:
        """Read which accounts' addresses refused their newest mail for good, and when."""
        refusals = {
            account_id: preferences.refused_at(self.documents, account_id)
            for account_id in dict.fromkeys(call.query.account_id)
        }
        refused = ((account_id, at) for account_id, at in refusals.items() if at is not None)
        return RefusalList(
            items=[RefusalView(account_id=account_id, refused_at=at) for account_id, at in refused]
        )

    @http("GET", "/news", query=Paging, returns=NewsPage)
    def read_news(self, call: Call) -> NewsPage:
        """List what happened to the caller's member, newest first: mails say the same."""
        member_id = call.caller.member_id
        entries, cursor = preferences.page_news(self.documents, member_id, call.query)
        return NewsPage(
            items=[NewsView.of_entry(entry, member_id) for entry in entries], next=cursor
        )

    @http("POST", "/mail-preferences/stop", returns=StoppedView, takes="credential")
    def stop_mails(self, call: Call) -> StoppedView:
        """End the mails of a kind, for who shows the text of a mail's link as bearer token."""
        return StoppedView(scope=preferences.stop(self.documents, call.credential))

    def _shown(self, preference: MailPreference) -> PreferenceView:
        refused_at = preferences.refused_at(self.documents, preference.id)
        is_sent = bool(self.settings.smtp_url)
        return PreferenceView.of(preference, is_sent=is_sent, refused_at=refused_at)
