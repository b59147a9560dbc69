alter table billing_ledger_transaction add column corrects_id uuid;
alter table billing_ledger_transaction add column note text;

-- Filled after transactions are booked, by one task, so that no two settlements wait for each other.
create table billing_ledger_link (
    position bigint primary key,
    transaction_id uuid not null unique,
    prev_hash text not null,
    hash text not null
);

-- Months that take no more transactions, by the instant of their end. They close in order.
create table billing_closed_month (
    id uuid primary key,
    ends_at timestamptz not null unique,
    closed_at timestamptz not null,
    closed_by uuid not null,
    chain_hash text not null
);

-- Adjustments above the threshold, until a second administrator agrees.
create table billing_adjustment (
    id uuid primary key,
    key text not null unique,
    reason text not null,
    lines text not null, -- JSON: an array is no object for both databases
    currency text not null,
    effective_at timestamptz not null,
    corrects_id uuid,
    state text not null,
    requested_by uuid not null,
    requester_name text not null,
    requested_at timestamptz not null,
    decided_by uuid,
    decider_name text,
    decided_at timestamptz
);
