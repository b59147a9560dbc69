-- The most that may be spent. Of an account, or, where the account is empty, of all of them.
create table billing_spend_limit (
    id uuid primary key,
    account_id uuid not null,
    scope text not null,
    scope_id uuid not null,
    scope_name text not null,
    currency text not null,
    amount_units bigint not null,
    amount_remainder bigint not null,
    period text not null,
    kind text not null,
    created_at timestamptz not null,
    created_by uuid not null
);
create index billing_spend_limit_account on billing_spend_limit (account_id);

-- What was spent of a limit and is held of it, by the day on which the period began. Locked in the order of limits.
create table billing_limit_use (
    limit_id uuid not null,
    start bigint not null,
    used_units bigint not null,
    used_remainder bigint not null,
    held_units bigint not null,
    held_remainder bigint not null,
    primary key (limit_id, start)
);
