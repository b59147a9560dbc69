create table billing_top_up (
    id uuid primary key,
    account_id uuid not null,
    account_name text not null,
    requested_by uuid not null,
    provider text not null,
    reference text not null unique,
    currency text not null,
    amount_units bigint not null,
    amount_remainder bigint not null,
    state text not null,
    provider_reference text,
    failure text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    confirmed_by uuid
);
create index billing_top_up_account on billing_top_up (account_id, id);
create index billing_top_up_state on billing_top_up (state, updated_at);
