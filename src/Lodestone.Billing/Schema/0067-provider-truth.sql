-- What providers told us, by their ids: each event counts once, and is applied by asking how its object stands.
create table billing_payment_event (
    id uuid primary key,
    provider text not null,
    event_id text not null,
    type text not null,
    object_kind text,
    object_reference text,
    received_at timestamptz not null,
    applied_at timestamptz,
    tries bigint not null,
    failure text,
    unique (provider, event_id)
);
create index billing_payment_event_waiting on billing_payment_event (id) where applied_at is null;

-- Money that providers moved besides payments and refunds: fees and payouts. Negative: moved back.
create table billing_provider_movement (
    id uuid primary key,
    provider text not null,
    kind text not null,
    reference text not null,
    currency text not null,
    amount_units bigint not null,
    amount_remainder bigint not null,
    booked_at timestamptz not null,
    unique (provider, kind, reference)
);

create table billing_refund (
    id uuid primary key,
    account_id uuid not null,
    key text not null unique,
    source text not null,
    source_id uuid not null,
    payment_id uuid,
    provider text not null,
    payment_reference text,
    currency text not null,
    amount_units bigint not null,
    amount_remainder bigint not null,
    reason text not null,
    state text not null,
    provider_reference text,
    failure text,
    requested_by uuid not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index billing_refund_account on billing_refund (account_id, id);
create index billing_refund_payment on billing_refund (payment_id);
create index billing_refund_source on billing_refund (source_id);
create index billing_refund_reference on billing_refund (provider, provider_reference);
create index billing_refund_state on billing_refund (state, updated_at);

create table billing_dispute (
    id uuid primary key,
    account_id uuid not null,
    provider text not null,
    reference text not null,
    payment_id uuid not null,
    invoice_id uuid,
    grant_id uuid,
    currency text not null,
    amount_units bigint not null,
    amount_remainder bigint not null,
    state text not null,
    reason text not null,
    opened_at timestamptz not null,
    updated_at timestamptz not null,
    unique (provider, reference)
);
create index billing_dispute_account on billing_dispute (account_id, id);

-- What operators did about what an account owes, and why.
create table billing_customer_act (
    id uuid primary key,
    account_id uuid not null,
    act text not null,
    reason text not null,
    done_by uuid not null,
    doer_name text not null,
    done_at timestamptz not null
);
create index billing_customer_act_account on billing_customer_act (account_id, id);
