-- Versions of plans: what is sold for a month or a year. Never changed but for whether it is offered.
create table billing_plan (
    id uuid primary key,
    code text not null,
    version bigint not null,
    name text not null,
    family text not null,
    period text not null,
    currency text not null,
    base_units bigint not null,
    base_remainder bigint not null,
    per_seat_units bigint not null,
    per_seat_remainder bigint not null,
    seat_mode text not null,
    min_seats bigint not null check (min_seats >= 1),
    trial_days bigint not null check (trial_days between 0 and 365),
    included_credit_units bigint not null,
    included_credit_remainder bigint not null,
    requests_per_minute bigint,
    private_storage bigint,
    is_per_seat boolean not null,
    is_contract boolean not null,
    is_offered boolean not null,
    created_at timestamptz not null,
    unique (code, version)
);

-- Days are local ones of the account, counted from 1970-01-01.
create table billing_subscription (
    id uuid primary key,
    account_id uuid not null,
    family text not null,
    plan_id uuid not null references billing_plan (id),
    state text not null,
    anchor bigint not null,
    period_number bigint not null,
    period_start bigint not null,
    period_end bigint not null,
    plan_since bigint not null,
    seats bigint not null,
    seat_days bigint not null,
    next_plan_id uuid,
    changes_on bigint,
    cancels_on bigint,
    due_at timestamptz not null,
    created_at timestamptz not null,
    ended_at timestamptz
);
create unique index billing_subscription_live on billing_subscription (account_id, family) where ended_at is null;
create index billing_subscription_due on billing_subscription (due_at) where ended_at is null;

-- Who came to hold a seat or left it, as it was told; order and number of the tellings do not matter.
create table billing_seat_change (
    id uuid primary key,
    account_id uuid not null,
    user_id uuid not null,
    is_held boolean not null,
    at timestamptz not null
);
create index billing_seat_change_account on billing_seat_change (account_id, at);
