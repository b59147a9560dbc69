-- What was metered, in the order in which it was taken in. On SQLite a file of its own. Nothing here is changed or deleted.
-- version 0 is the event as it was sent, later ones correct it; the last is the one that counts. A row without an account is in quarantine.
create table event_log (
    position bigint primary key,
    key bytea not null,
    version bigint not null,
    kind text not null,
    tenant_id uuid not null,
    account_id uuid,
    source text not null,
    event_id text not null,
    type text not null,
    subject text not null,
    time timestamptz not null,
    data text not null,
    hash bytea not null,
    reason text,
    job_id uuid,
    received_at timestamptz not null
);

-- The claim of an identity: for ever.
create unique index event_log_identity on event_log (key, version);
create index event_log_correction on event_log (key) where version > 0;
create index event_log_account on event_log (account_id, type, time);
create index event_log_quarantine on event_log (position) where account_id is null;
create index event_log_job on event_log (job_id) where job_id is not null;

-- Other content under an identity that was taken: the original stands.
create table event_conflict (
    key bytea not null,
    hash bytea not null,
    tenant_id uuid not null,
    source text not null,
    event_id text not null,
    type text not null,
    subject text not null,
    time timestamptz not null,
    data text not null,
    received_at timestamptz not null,
    primary key (key, hash)
);

-- One in a hundred of what was refused.
create table event_rejection (
    id uuid primary key,
    tenant_id uuid not null,
    code text not null,
    body text not null,
    received_at timestamptz not null
);
