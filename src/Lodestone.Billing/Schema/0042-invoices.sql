-- What invoicing knows of an account: how far it is billed, and the part of a minor unit that the next invoice begins with.
create table billing_billed_account (
    id uuid primary key,
    billed_until timestamptz not null,
    carry_units bigint not null,
    carry_remainder bigint not null,
    standing text not null,
    standing_since timestamptz not null,
    notices bigint not null,
    promised_until timestamptz,
    is_exempt boolean not null
);

-- Who an account is on paper.
create table billing_party (
    id uuid primary key,
    legal_name text not null,
    address text not null,
    country text not null,
    region text not null,
    is_business boolean not null,
    tax_id text not null,
    tax_id_check text not null,
    updated_at timestamptz not null
);

create table billing_invoice (
    id uuid primary key,
    account_id uuid not null,
    number text unique,
    state text not null,
    currency text not null,
    period_start timestamptz not null,
    period_end timestamptz not null,
    gathered_at timestamptz,
    carry_in_units bigint not null,
    carry_in_remainder bigint not null,
    net_units bigint not null,
    net_remainder bigint not null,
    tax_units bigint not null,
    tax_remainder bigint not null,
    paid_units bigint not null,
    paid_remainder bigint not null,
    credited_units bigint not null,
    credited_remainder bigint not null,
    created_at timestamptz not null,
    issued_at timestamptz,
    due_at timestamptz,
    form text,
    form_hash text,
    review_reason text,
    replaces_id uuid,
    is_automatic boolean not null
);
create index billing_invoice_account on billing_invoice (account_id, id);
create index billing_invoice_state on billing_invoice (state, due_at);

create table billing_invoice_line (
    invoice_id uuid not null references billing_invoice (id),
    line bigint not null,
    key text not null,
    kind text not null,
    tax_class text not null,
    description text not null,
    unit_price text not null,
    product_id uuid,
    price_version_id uuid,
    charge_id uuid,
    quantity bigint not null,
    currency text not null,
    exact_units bigint not null,
    exact_remainder bigint not null,
    amount_units bigint not null,
    amount_remainder bigint not null,
    tax_units bigint not null,
    tax_remainder bigint not null,
    tax_rule_id uuid,
    primary key (invoice_id, line)
);

-- What an invoice asks for: a rated row or a charge is on one invoice at most.
create table billing_invoiced_row (
    event_id uuid not null,
    class text not null,
    invoice_id uuid not null,
    primary key (event_id, class)
);
create index billing_invoiced_row_invoice on billing_invoiced_row (invoice_id);

create table billing_invoiced_charge (
    id uuid primary key,
    invoice_id uuid not null
);
create index billing_invoiced_charge_invoice on billing_invoiced_charge (invoice_id);

-- The last number of a legal entity's year; moved in the transaction that issues, so that no number is left out.
create table billing_number_series (
    series text not null,
    year bigint not null,
    last bigint not null,
    primary key (series, year)
);

create table billing_credit_note (
    id uuid primary key,
    invoice_id uuid not null references billing_invoice (id),
    account_id uuid not null,
    number text not null unique,
    reason text not null,
    currency text not null,
    net_units bigint not null,
    net_remainder bigint not null,
    tax_units bigint not null,
    tax_remainder bigint not null,
    issued_at timestamptz not null,
    issued_by uuid not null,
    form text not null,
    form_hash text not null
);
create index billing_credit_note_invoice on billing_credit_note (invoice_id);
create index billing_credit_note_account on billing_credit_note (account_id, id);

create table billing_credit_note_line (
    credit_note_id uuid not null references billing_credit_note (id),
    line bigint not null,
    invoice_id uuid not null,
    invoice_line bigint not null,
    currency text not null,
    amount_units bigint not null,
    amount_remainder bigint not null,
    tax_units bigint not null,
    tax_remainder bigint not null,
    primary key (credit_note_id, line)
);
create index billing_credit_note_line_invoice on billing_credit_note_line (invoice_id, invoice_line);

create table billing_tax_rule (
    id uuid primary key,
    jurisdiction text not null,
    product_class text not null,
    rate_millionths bigint not null check (rate_millionths >= 0),
    is_inclusive boolean not null,
    reverse_charge boolean not null,
    text_block text not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    created_at timestamptz not null,
    created_by uuid not null
);
create index billing_tax_rule_place on billing_tax_rule (jurisdiction, product_class);

-- What was invoiced for days to come, and how many of them have become revenue.
create table billing_deferral (
    id uuid primary key,
    account_id uuid not null,
    currency text not null,
    amount_units bigint not null,
    amount_remainder bigint not null,
    starts_on bigint not null,
    days bigint not null,
    recognized bigint not null
);
create index billing_deferral_open on billing_deferral (recognized, days);
