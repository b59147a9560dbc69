-- Rated rows of one minute of events, added up by what an invoice line is of. Rows are added to the one that is open; an invoice claims it, and it stays as it is.
create table billing_roll_up (
    id uuid primary key,
    account_id uuid not null,
    minute timestamptz not null,
    day bigint not null,
    product_id uuid not null,
    product_name text not null,
    price_version_id uuid not null,
    class text not null,
    currency text not null,
    row_count bigint not null,
    quantity bigint not null,
    list_units bigint not null,
    list_remainder bigint not null,
    free_units bigint not null,
    free_remainder bigint not null,
    discount_units bigint not null,
    discount_remainder bigint not null,
    amount_units bigint not null,
    amount_remainder bigint not null,
    prepaid_units bigint not null,
    prepaid_remainder bigint not null,
    promo_units bigint not null,
    promo_remainder bigint not null,
    sla_units bigint not null,
    sla_remainder bigint not null,
    is_open boolean not null,
    invoice_id uuid
);
create unique index billing_roll_up_open on billing_roll_up (account_id, minute, product_id, price_version_id, class, day) where is_open;
create index billing_roll_up_unbilled on billing_roll_up (account_id, minute) where invoice_id is null;
create index billing_roll_up_invoice on billing_roll_up (invoice_id, minute) where invoice_id is not null;
alter table billing_rated_row add column roll_up_id uuid not null default '00000000-0000-0000-0000-000000000000';
