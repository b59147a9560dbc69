-- Amounts are two words, units and remainder (picos, 0 to 10^12 - 1). Days are counted from 1970-01-01, UTC.

create table billing_product (
    id uuid primary key,
    name text not null,
    seller_id uuid not null,
    seen_at timestamptz not null
);
create unique index billing_product_name on billing_product (name);

create table billing_price_version (
    id uuid primary key,
    product_id uuid not null,
    version bigint not null,
    currency text not null,
    input_units bigint not null,
    input_remainder bigint not null,
    output_units bigint not null,
    output_remainder bigint not null,
    per_quantity bigint not null check (per_quantity > 0),
    effective_from timestamptz not null,
    published_at timestamptz not null,
    published_by uuid not null,
    publisher_name text not null,
    reason text not null,
    unique (product_id, version)
);
create index billing_price_version_lookup on billing_price_version (product_id, effective_from, version);

create table billing_wallet (
    id uuid primary key,
    currency text not null,
    balance_units bigint not null,
    balance_remainder bigint not null,
    held_units bigint not null,
    held_remainder bigint not null,
    free_day bigint not null,
    free_used_units bigint not null,
    free_used_remainder bigint not null,
    free_held_units bigint not null,
    free_held_remainder bigint not null
);

-- A row lives from reservation to settlement.
create table billing_call_hold (
    id uuid primary key,
    request_id text not null unique,
    account_id uuid not null,
    caller_id uuid not null,
    token_id uuid,
    product_id uuid not null,
    product_name text not null,
    seller_id uuid not null,
    revision text not null,
    price_version_id uuid not null,
    prompt_tokens bigint not null check (prompt_tokens >= 0),
    max_output_tokens bigint not null check (max_output_tokens >= 0),
    amount_units bigint not null,
    amount_remainder bigint not null,
    free_part_units bigint not null,
    free_part_remainder bigint not null,
    day bigint not null,
    started_at timestamptz not null,
    expires_at timestamptz not null,
    server_epoch uuid not null,
    delivered_input bigint not null default 0,
    delivered_output bigint not null default 0
);
create index billing_call_hold_expiry on billing_call_hold (expires_at);
create index billing_call_hold_account on billing_call_hold (account_id);

create table billing_meter_event (
    id uuid primary key,
    request_id text not null unique,
    account_id uuid not null,
    caller_id uuid not null,
    token_id uuid,
    product_id uuid not null,
    product_name text not null,
    seller_id uuid not null,
    revision text not null,
    input_tokens bigint not null check (input_tokens >= 0),
    output_tokens bigint not null check (output_tokens >= 0),
    outcome text not null,
    measurement text not null,
    price_version_id uuid not null,
    day bigint not null,
    time timestamptz not null,
    recorded_at timestamptz not null
);
create index billing_meter_event_account on billing_meter_event (account_id, id);
create index billing_meter_event_seller on billing_meter_event (seller_id, id);

create table billing_rated_row (
    event_id uuid not null references billing_meter_event (id),
    class text not null,
    account_id uuid not null,
    seller_id uuid not null,
    product_id uuid not null,
    day bigint not null,
    price_version_id uuid not null,
    quantity bigint not null check (quantity > 0),
    currency text not null,
    list_units bigint not null,
    list_remainder bigint not null,
    free_units bigint not null,
    free_remainder bigint not null,
    amount_units bigint not null,
    amount_remainder bigint not null,
    primary key (event_id, class)
);
create index billing_rated_row_account on billing_rated_row (account_id, day);
create index billing_rated_row_seller on billing_rated_row (seller_id, day);

-- The running quantity of a price key: what cumulative rating continues from.
create table billing_rating_total (
    account_id uuid not null,
    price_version_id uuid not null,
    class text not null,
    month bigint not null,
    quantity bigint not null,
    primary key (account_id, price_version_id, class, month)
);

create table billing_ledger_transaction (
    id uuid primary key,
    key text not null unique,
    kind text not null,
    effective_at timestamptz not null,
    booked_at timestamptz not null
);

create table billing_posting (
    transaction_id uuid not null references billing_ledger_transaction (id),
    line bigint not null,
    account text not null,
    currency text not null,
    amount_units bigint not null,
    amount_remainder bigint not null,
    primary key (transaction_id, line)
);
create index billing_posting_account on billing_posting (account, currency);
