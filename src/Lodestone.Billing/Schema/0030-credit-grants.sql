-- What an account may spend, by where it came from. amount = remaining + forfeited + withdrawn + what was drawn.
create table billing_credit_grant (
    id uuid primary key,
    account_id uuid not null,
    kind text not null,
    currency text not null,
    amount_units bigint not null,
    amount_remainder bigint not null,
    remaining_units bigint not null check (remaining_units >= 0),
    remaining_remainder bigint not null,
    held_units bigint not null,
    held_remainder bigint not null,
    forfeited_units bigint not null,
    forfeited_remainder bigint not null,
    withdrawn_units bigint not null,
    withdrawn_remainder bigint not null,
    models text not null,
    starts_at timestamptz not null,
    expires_at timestamptz,
    priority bigint not null check (priority between 0 and 255),
    refundable boolean not null,
    source_ref text not null,
    state text not null,
    created_at timestamptz not null
);
create unique index billing_credit_grant_source on billing_credit_grant (account_id, source_ref);
create index billing_credit_grant_rest on billing_credit_grant (account_id)
    where remaining_units > 0 or remaining_remainder > 0 or forfeited_units > 0 or forfeited_remainder > 0;
create index billing_credit_grant_turn on billing_credit_grant (state, expires_at);

-- What was paid in and not yet used becomes one grant per account.
insert into billing_credit_grant (id, account_id, kind, currency, amount_units, amount_remainder, remaining_units, remaining_remainder, held_units, held_remainder,
    forfeited_units, forfeited_remainder, withdrawn_units, withdrawn_remainder, models, starts_at, expires_at, priority, refundable, source_ref, state, created_at)
select id, id, 'Paid', currency, balance_units, balance_remainder, balance_units, balance_remainder, 0, 0, 0, 0, 0, 0, '',
    (select min(applied_at) from core_schema), null, 128, true, 'balance', 'Usable', (select min(applied_at) from core_schema)
from billing_wallet where balance_units > 0 or (balance_units = 0 and balance_remainder > 0);

-- Which grant paid for which rated row.
create table billing_grant_draw (
    event_id uuid not null,
    class text not null,
    grant_id uuid not null references billing_credit_grant (id),
    account_id uuid not null,
    day bigint not null,
    currency text not null,
    amount_units bigint not null,
    amount_remainder bigint not null,
    primary key (event_id, class, grant_id)
);
create index billing_grant_draw_grant on billing_grant_draw (grant_id);
create index billing_grant_draw_account on billing_grant_draw (account_id, day);

-- What of a grant for certain models a running call may still take.
create table billing_grant_hold (
    hold_id uuid not null,
    grant_id uuid not null,
    amount_units bigint not null,
    amount_remainder bigint not null,
    primary key (hold_id, grant_id)
);
alter table billing_call_hold add column scoped_part_units bigint not null default 0;
alter table billing_call_hold add column scoped_part_remainder bigint not null default 0;

-- Read with the balance before each call: are there grants for certain models, and when does the balance change of itself?
alter table billing_wallet add column scoped_grants bigint not null default 0;
alter table billing_wallet add column turns_at timestamptz;
