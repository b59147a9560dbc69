-- Corrections of many events at once: each wrote its rows of the log in the same transaction.
create table event_backfill (
    id uuid primary key,
    tenant_id uuid not null,
    request text not null,
    reason text not null,
    events bigint not null,
    reverts_id uuid unique, -- the job that it takes back; each can be taken back once
    created_at timestamptz not null,
    created_by uuid not null
);
create index event_backfill_tenant on event_backfill (tenant_id, id);
