-- An account as a payment provider knows it.
create table billing_provider_customer (
    account_id uuid not null,
    provider text not null,
    reference text not null,
    created_at timestamptz not null,
    primary key (account_id, provider)
);
create unique index billing_provider_customer_reference on billing_provider_customer (provider, reference);

-- What an account can be charged with: a provider's reference, and what its owner knows it by. Never card data.
create table billing_payment_method (
    id uuid primary key,
    account_id uuid not null,
    provider text not null,
    reference text not null,
    brand text not null,
    last_four text not null,
    expiry_month bigint,
    expiry_year bigint,
    is_default boolean not null,
    created_at timestamptz not null,
    removed_at timestamptz,
    unique (provider, reference)
);
create unique index billing_payment_method_default on billing_payment_method (account_id) where is_default;

alter table billing_payment_attempt add column method_id uuid;
alter table billing_payment_attempt add column failure_code text;
alter table billing_payment_attempt add column is_hard boolean not null default false;
alter table billing_payment_attempt add column action_url text;
alter table billing_payment_attempt add column is_unattended boolean not null default false;
create index billing_payment_attempt_reference on billing_payment_attempt (provider, provider_reference);

alter table billing_top_up add column method_id uuid;
alter table billing_top_up add column failure_code text;
alter table billing_top_up add column is_hard boolean not null default false;
alter table billing_top_up add column action_url text;
alter table billing_top_up add column is_unattended boolean not null default false;
create index billing_top_up_reference on billing_top_up (provider, provider_reference);

-- Until then an operator has stopped reminders, retries and whatever follows from a debt.
alter table billing_billed_account add column paused_until timestamptz;
