-- Accounts that have chosen to have what is said in their calls kept, and for how long. No row: nothing is kept.
create table gateway_body_choice (
    id uuid primary key,
    keep_days bigint not null,
    changed_at timestamptz not null
);

create table gateway_kept_body (
    id uuid primary key,
    account_id uuid not null,
    request_id text not null,
    sealed bytea not null,
    stored_at timestamptz not null,
    expires_at timestamptz not null
);
create index gateway_kept_body_account on gateway_kept_body (account_id, id);
create index gateway_kept_body_request on gateway_kept_body (request_id);
create index gateway_kept_body_expiry on gateway_kept_body (expires_at);
