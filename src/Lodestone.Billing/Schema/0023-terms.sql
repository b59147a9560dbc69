-- What changes an account's prices besides its books: allowances, discounts, commitments.
create table billing_term (
    id uuid primary key,
    account_id uuid not null,
    kind text not null,
    product_id uuid,
    usage_class text,
    quantity bigint,
    amount_units bigint not null,
    amount_remainder bigint not null,
    share bigint not null,
    share_over bigint not null,
    period text not null,
    scope text not null,
    seats bigint not null,
    on_exhausted text not null,
    starts_at timestamptz not null,
    ends_at timestamptz,
    created_at timestamptz not null,
    reason text not null
);
create index billing_term_account on billing_term (account_id, starts_at);

-- How much of a term was used, by whom and in which of its periods: what its cumulative rule goes on from.
create table billing_term_use (
    term_id uuid not null,
    subject_id uuid not null,
    period_start bigint not null,
    quantity bigint not null,
    amount_units bigint not null,
    amount_remainder bigint not null,
    primary key (term_id, subject_id, period_start)
);

alter table billing_rated_row add column discount_units bigint not null default 0;
alter table billing_rated_row add column discount_remainder bigint not null default 0;
