-- Attempts to collect an invoice. A row is committed before a provider is asked, and at most one of an invoice is open.
create table billing_payment_attempt (
    id uuid primary key,
    invoice_id uuid not null references billing_invoice (id),
    account_id uuid not null,
    number bigint not null,
    key text not null unique,
    reference text not null,
    provider text not null,
    currency text not null,
    amount_units bigint not null,
    amount_remainder bigint not null,
    state text not null,
    provider_reference text,
    failure text,
    requested_by uuid not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (invoice_id, number)
);
create unique index billing_payment_attempt_open on billing_payment_attempt (invoice_id) where state not in ('Succeeded', 'Failed');
create index billing_payment_attempt_state on billing_payment_attempt (state, updated_at);
