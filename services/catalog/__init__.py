"""The catalog service: what data there is, what fits a project, and who may read it.

Owns: datasets with their versions and profiles (collection `datasets`); what each project was
advised to use and may read (collection `accesses`); who used which data, for which job and with
what result (collections `uses`, and `vain_jobs` for the jobs that made nothing); an index of joins,
made from the versions' key files (`join_snapshots` says where it was last saved); other catalogues
and what harvesting them came to (collections `sources` and `harvests`).

Consumes: ProjectSubmitted (match, check inputs), TreatmentProposed (check inputs),
DatasetPublished (open the access that waits for it, tell what it can be joined with),
DatasetDescribed (ask for what was restricted), JobSucceeded,
JobFailed and JobCancelled (publish or reject the version that an ingest job read, take in the page
that a harvest job read, note what a project's job made of data), ProjectSecured (ask for access),
ProjectDelivered (register the result and end access), ProjectWithdrawn and ProjectRejected (end
access).

Publishes: DatasetRegistered, DatasetPublished, DatasetHeld, DatasetRejected, DatasetDescribed,
DatasetHarvested, DatasetRetired, HarvestPageFetched, HarvestCompleted, HarvestFailed,
HarvestCancelled, JoinsDiscovered, DatasetsMatched, InputsChecked, AccessRequested, AccessGranted,
AccessRefused, DataAccessOpened; and as time passes AccessReminded, AccessExpired and
AccessRevoked.
"""
