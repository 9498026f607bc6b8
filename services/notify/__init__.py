"""Tells the world: webhooks to partners, and the timeline of every project.

Owns: webhook endpoints, their deliveries with every attempt, the timeline, and who a project or a
dataset belongs to (learnt from the events, so that a partner is told of its own affairs only).
Consumes: every event of `shared.events`, its own included.
Publishes: EndpointDisabled, DeliveryAbandoned.
"""
