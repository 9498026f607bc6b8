"""Metrics of notify alone."""

from shared.metrics import counter, gauge

webhook_attempts = counter(
    "datalab_webhook_attempts",
    "Webhook calls, by outcome (delivered, failed, abandoned).",
    "outcome",
)

webhook_oldest_due = gauge(
    "datalab_webhook_oldest_due_seconds",
    "How long the endpoint that waits longest has had a delivery due, without its turn; those that"
    " are held back do not count.",
)

webhook_oldest_unserved = gauge(
    "datalab_webhook_oldest_unserved_seconds",
    "The same among members that have no turn at all: nobody should wait for somebody else's.",
)

webhook_turns = gauge(
    "datalab_webhook_turns", "Endpoints to which this process is sending, or waits for an answer."
)

webhook_silent_hosts = gauge(
    "datalab_webhook_silent_hosts",
    "Hosts that do not answer, whose endpoints are held back; counted for each member.",
)

mail_attempts = counter(
    "datalab_mail_attempts",
    "Mails given to the mail server, by outcome (sent, failed, abandoned).",
    "outcome",
)

mails_waiting = gauge(
    "datalab_mails_waiting",
    "Mails that are not sent yet, those of a day that wait for their hour among them.",
)

mail_oldest_due = gauge(
    "datalab_mail_oldest_due_seconds", "How long the mail that waits longest should have been sent."
)

steering_behind = gauge(
    "datalab_steering_behind_seconds",
    "How long ago the committee's figures last had all that the timelines have of the last days;"
    " looked at every 30 seconds.",
)
