"""Compute: runs the applications of projects and datasets in a sandbox.

Owns: workspaces with their quota, jobs and what they leave behind (manifests, result files).
Consumes: DatasetRegistered (ingest job), HarvestPageFetched (harvest job), ProjectSubmitted and
TreatmentProposed (check what it would run), ProjectSecured (workspace), ProjectEquipped (trial
job), ProjectStaffed (full job), ProjectDelivered, ProjectRejected and ProjectWithdrawn (close,
cancel: a project that ended computes no more), AccessRequested, AccessGranted and AccessRevoked
(cancel what reads data that was taken away, and withhold what was made of it).
Publishes: TreatmentChecked, WorkspaceOpened, JobQueued, JobStarted, JobSucceeded, JobFailed,
JobCancelled.
"""
