-- Accounts that are topped up by themselves; the id is the account's.
create table billing_auto_top_up (
    id uuid primary key,
    account_name text not null,
    currency text not null,
    threshold_units bigint not null,
    threshold_remainder bigint not null,
    amount_units bigint not null,
    amount_remainder bigint not null,
    monthly_cap_units bigint not null,
    monthly_cap_remainder bigint not null,
    set_by uuid not null,
    failures bigint not null,
    not_before timestamptz not null,
    counted_top_up_id uuid,
    updated_at timestamptz not null
);
