"""Mails to persons who want them: what each wants, what is due to whom, and how it is sent."""
