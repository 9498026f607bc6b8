"""The portal: the lab's pages, in French, for people who never saw a command line.

It owns nothing: no documents, no events, no rules. What it shows it asks of the four services by
HTTP, as the person who signed in; what a role may do is decided there.
"""
