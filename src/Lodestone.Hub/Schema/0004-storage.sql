-- Since when no branch, tag or other reference reaches the object; what a writer relies on is not reclaimed, so they take the mark off.
alter table hub_lfs_object add column unreferenced_since timestamptz;
create index hub_lfs_object_sha256 on hub_lfs_object (sha256);

-- Blobs in the store that no repository holds, waiting to be deleted.
create table hub_unheld_blob (
    sha256 text primary key,
    size bigint not null,
    since timestamptz not null
);

-- Where a namespace has another storage limit than the server's.
create table hub_storage_limit (
    id uuid primary key, -- of the namespace
    bytes bigint -- null: no limit
);
