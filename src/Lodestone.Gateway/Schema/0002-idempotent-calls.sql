create table gateway_idempotent_call (
    id uuid primary key,
    caller_id uuid not null,
    key text not null,
    fingerprint text not null,
    state text not null,
    content_type text,
    body bytea,
    expires_at timestamptz not null,
    unique (caller_id, key)
);
create index gateway_idempotent_call_expiry on gateway_idempotent_call (expires_at);
