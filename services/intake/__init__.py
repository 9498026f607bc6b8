"""Intake: takes a project from its submission to its delivery, stage by stage.

Owns projects (their stage, treatment with what was found in its way, guidance, review, trial,
pilot site, team, delivery), members, and the keys of submissions that may be repeated.

Consumes DatasetsMatched, InputsChecked, AccessRequested, AccessGranted, AccessRefused,
AccessExpired, AccessRevoked and DataAccessOpened (catalog), TreatmentChecked, WorkspaceOpened,
JobSucceeded, JobFailed and JobCancelled (compute).

Publishes MemberJoined, ProjectSubmitted, TreatmentProposed, ProjectAdvised, ProjectSecured,
ProjectRejected, ProjectWithdrawn, ProjectEquipped, ProjectTrialled, ProjectPiloted, ProjectStaffed
and ProjectDelivered.
"""
