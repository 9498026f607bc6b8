"""The catalog service: what data there is, what fits a project, and who may read it.

It owns datasets with their versions and profiles (collection `datasets`); what each project was
advised to use and may read (collection `accesses`); what left of each version of restricted data,
or waits for a reviewer (collection `releases`, the release ledger); who used which data, for which
job and with what result (collections `uses`, and `vain_jobs` for the jobs that made nothing); two
indexes, of joins and of the search, made from the versions' key files and from the datasets
(`join_snapshots` says where each was last saved); other catalogues and what harvesting them came to
(collections `sources` and `harvests`); whether all datasets and harvests name the hashes of their
files, by which those that nobody needs are erased (`hash_indexes`); files that forgotten jobs left,
until they are erased (`released_files`); files that it put into the store, until something refers
to them or they are erased (`written_files`).

The events that it hears and publishes are in `services/README.md`.
"""
