"""Tells the world: webhooks to partners, mails to persons, and the timeline of every project.

It owns webhook endpoints, their deliveries with every attempt, the timeline, what each person wants
to be written and the mails on their way (not the addresses, which intake tells), who a project or a
dataset belongs to (learnt from the events, so that a partner is told of its own affairs only), and
what the steering committee's figures are made of. It hears every event, its own included.

The events that it hears and publishes are in `services/README.md`.
"""
