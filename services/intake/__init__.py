"""Intake: takes a project from its submission to its delivery, stage by stage.

Owns projects (their stage, guidance, review, trial, pilot site, team, delivery), members, and the
keys of submissions that may be repeated.

Consumes DatasetsMatched, DataAccessOpened, AccessGranted and AccessRevoked (catalog),
WorkspaceOpened, JobSucceeded, JobFailed and JobCancelled (compute).

Publishes MemberJoined, ProjectSubmitted, ProjectAdvised, ProjectSecured, ProjectRejected,
ProjectWithdrawn, ProjectEquipped, ProjectTrialled, ProjectPiloted, ProjectStaffed and
ProjectDelivered.
"""
