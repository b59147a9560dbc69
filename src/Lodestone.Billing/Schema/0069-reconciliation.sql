-- Comparisons of our payments with what their provider has; differences are listed, and stay so.
create table billing_reconciliation (
    id uuid primary key,
    provider text not null,
    since timestamptz not null,
    until timestamptz not null,
    compared bigint not null,
    differing bigint not null,
    ran_at timestamptz not null
);
create index billing_reconciliation_provider on billing_reconciliation (provider, until);

create table billing_reconciliation_difference (
    reconciliation_id uuid not null references billing_reconciliation (id),
    line bigint not null,
    kind text not null,
    what text not null,
    reference text not null,
    ours text not null,
    theirs text not null,
    primary key (reconciliation_id, line)
);
