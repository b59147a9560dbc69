-- What an account asked to be told of, besides what everybody is told.
create table billing_alert_rule (
    id uuid primary key,
    account_id uuid not null,
    kind text not null,
    limit_id uuid, -- that it is about; null: all that the account spends
    marks text not null, -- percentages of the limit, as 50,80
    currency text not null,
    floor_units bigint not null,
    floor_remainder bigint not null,
    created_at timestamptz not null,
    created_by uuid not null
);
create index billing_alert_rule_account on billing_alert_rule (account_id);
create index billing_alert_rule_limit on billing_alert_rule (limit_id) where limit_id is not null;

-- What was raised. The key is what makes an alert one: whatever raises it again finds it.
create table billing_alert (
    id uuid primary key,
    key text not null unique,
    account_id uuid not null, -- empty: those who operate the server
    kind text not null,
    title text not null,
    href text not null,
    raised_at timestamptz not null
);
create index billing_alert_account on billing_alert (account_id, id);

-- What metered events cost by the hour in which they happened; calls are looked up in their own rows.
create table billing_hour_spend (
    account_id uuid not null,
    hour bigint not null, -- since 1970-01-01 00:00 UTC
    amount_units bigint not null,
    amount_remainder bigint not null,
    primary key (account_id, hour)
);

-- Who sends events of which type, and how regularly.
create table billing_meter_source (
    id uuid primary key, -- of tenant, source and type
    tenant_id uuid not null,
    source text not null,
    type text not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    events bigint not null,
    longest_gap bigint not null -- microseconds
);
create index billing_meter_source_last on billing_meter_source (last_at);
