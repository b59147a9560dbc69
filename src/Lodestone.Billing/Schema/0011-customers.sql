-- An account whose billing differs from what every account begins with.
create table billing_customer (
    id uuid primary key,
    currency text not null,
    time_zone text not null,
    funding text not null,
    created_at timestamptz not null
);

-- What an account owes that is no usage: periods of plans and seats, their prorations, shortfalls, purchases. Never changed.
create table billing_charge (
    id uuid primary key,
    key text not null unique,
    account_id uuid not null,
    kind text not null,
    item text not null,
    description text not null,
    quantity bigint not null,
    currency text not null,
    amount_units bigint not null,
    amount_remainder bigint not null,
    period_start timestamptz not null,
    period_end timestamptz not null,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null
);
create index billing_charge_account on billing_charge (account_id, occurred_at);
