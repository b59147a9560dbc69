-- Rows of before are rolled up as they are billed: those of an invoice by it. What credit paid of an event is in the ledger, and counts with the first of its rows.
drop trigger billing_rated_row_append_only on billing_rated_row;
create table billing_event_draw as
select t.key as key, p.account as account, p.amount_units as units, p.amount_remainder as remainder
from billing_ledger_transaction t join billing_posting p on p.transaction_id = t.id
where t.kind = 'Usage' and t.key like 'usage:%' and (p.account like 'L:Prepaid:%' or p.account in ('R:Promo', 'R:SlaCredit'));
create index billing_event_draw_key on billing_event_draw (key);
create table billing_row_minute as
select r.event_id as event_id, r.class as class, i.invoice_id as invoice_id,
    case when e.id is null then greatest(timestamptz '1970-01-01 00:00:00+00' + r.day * interval '1 day', date_trunc('minute', coalesce(v.period_start, b.billed_until, timestamptz '1970-01-01 00:00:00+00') + interval '59999999 microseconds'))
         when e.time < coalesce(v.period_start, b.billed_until, timestamptz '1970-01-01 00:00:00+00') then date_trunc('minute', e.time)
         else greatest(date_trunc('minute', e.time), date_trunc('minute', coalesce(v.period_start, b.billed_until, timestamptz '1970-01-01 00:00:00+00') + interval '59999999 microseconds')) end as minute,
    coalesce(e.product_name, replace(cast(r.product_id as text), '-', '')) as product_name,
    coalesce((select sum(d.units) from billing_event_draw d where r.class = f.class and d.key = 'usage:' || replace(cast(r.event_id as text), '-', '') and d.account like 'L:Prepaid:%'), 0) as prepaid_units,
    coalesce((select sum(d.remainder) from billing_event_draw d where r.class = f.class and d.key = 'usage:' || replace(cast(r.event_id as text), '-', '') and d.account like 'L:Prepaid:%'), 0) as prepaid_remainder,
    coalesce((select sum(d.units) from billing_event_draw d where r.class = f.class and d.key = 'usage:' || replace(cast(r.event_id as text), '-', '') and d.account = 'R:Promo'), 0) as promo_units,
    coalesce((select sum(d.remainder) from billing_event_draw d where r.class = f.class and d.key = 'usage:' || replace(cast(r.event_id as text), '-', '') and d.account = 'R:Promo'), 0) as promo_remainder,
    coalesce((select sum(d.units) from billing_event_draw d where r.class = f.class and d.key = 'usage:' || replace(cast(r.event_id as text), '-', '') and d.account = 'R:SlaCredit'), 0) as sla_units,
    coalesce((select sum(d.remainder) from billing_event_draw d where r.class = f.class and d.key = 'usage:' || replace(cast(r.event_id as text), '-', '') and d.account = 'R:SlaCredit'), 0) as sla_remainder
from billing_rated_row r
    join (select event_id, min(class) as class from billing_rated_row group by event_id) f on f.event_id = r.event_id
    left join billing_meter_event e on e.id = r.event_id
    left join billing_invoiced_row i on i.event_id = r.event_id and i.class = r.class
    left join billing_invoice v on v.id = i.invoice_id
    left join billing_billed_account b on b.id = r.account_id and i.invoice_id is null;
create unique index billing_row_minute_key on billing_row_minute (event_id, class);
insert into billing_roll_up (id, account_id, minute, day, product_id, product_name, price_version_id, class, currency, row_count, quantity,
    list_units, list_remainder, free_units, free_remainder, discount_units, discount_remainder, amount_units, amount_remainder, prepaid_units, prepaid_remainder, promo_units, promo_remainder, sla_units, sla_remainder, is_open, invoice_id)
select gen_random_uuid(), r.account_id, m.minute, r.day, r.product_id, min(m.product_name), r.price_version_id, r.class, r.currency, count(*), cast(sum(r.quantity) as bigint),
    cast(sum(r.list_units) + floor(sum(r.list_remainder) / 1000000000000) as bigint), cast(sum(r.list_remainder) % 1000000000000 as bigint),
    cast(sum(r.free_units) + floor(sum(r.free_remainder) / 1000000000000) as bigint), cast(sum(r.free_remainder) % 1000000000000 as bigint),
    cast(sum(r.discount_units) + floor(sum(r.discount_remainder) / 1000000000000) as bigint), cast(sum(r.discount_remainder) % 1000000000000 as bigint),
    cast(sum(r.amount_units) + floor(sum(r.amount_remainder) / 1000000000000) as bigint), cast(sum(r.amount_remainder) % 1000000000000 as bigint),
    cast(sum(m.prepaid_units) + floor(sum(m.prepaid_remainder) / 1000000000000) as bigint), cast(sum(m.prepaid_remainder) % 1000000000000 as bigint),
    cast(sum(m.promo_units) + floor(sum(m.promo_remainder) / 1000000000000) as bigint), cast(sum(m.promo_remainder) % 1000000000000 as bigint),
    cast(sum(m.sla_units) + floor(sum(m.sla_remainder) / 1000000000000) as bigint), cast(sum(m.sla_remainder) % 1000000000000 as bigint),
    m.invoice_id is null, m.invoice_id
from billing_rated_row r join billing_row_minute m on m.event_id = r.event_id and m.class = r.class
group by r.account_id, m.minute, r.day, r.product_id, r.price_version_id, r.class, r.currency, m.invoice_id;
create index billing_roll_up_filling on billing_roll_up (account_id, minute, product_id, price_version_id, class, day);
update billing_rated_row set roll_up_id = u.id
from billing_row_minute m, billing_roll_up u
where m.event_id = billing_rated_row.event_id and m.class = billing_rated_row.class
    and u.account_id = billing_rated_row.account_id and u.minute = m.minute and u.product_id = billing_rated_row.product_id
    and u.price_version_id = billing_rated_row.price_version_id and u.class = billing_rated_row.class and u.day = billing_rated_row.day and u.invoice_id is not distinct from m.invoice_id;
drop index billing_roll_up_filling;
drop table billing_row_minute;
drop table billing_event_draw;
drop table billing_invoiced_row;
create index billing_rated_row_roll_up on billing_rated_row (roll_up_id);
create trigger billing_rated_row_append_only before update or delete or truncate on billing_rated_row for each statement execute function billing_append_only();
create trigger billing_roll_up_kept before delete or truncate on billing_roll_up for each statement execute function billing_append_only();
create trigger billing_roll_up_closed before update on billing_roll_up for each row when (not old.is_open and (new.is_open or new.row_count is distinct from old.row_count or new.quantity is distinct from old.quantity or new.list_units is distinct from old.list_units or new.list_remainder is distinct from old.list_remainder or new.free_units is distinct from old.free_units or new.free_remainder is distinct from old.free_remainder or new.discount_units is distinct from old.discount_units or new.discount_remainder is distinct from old.discount_remainder or new.amount_units is distinct from old.amount_units or new.amount_remainder is distinct from old.amount_remainder or new.prepaid_units is distinct from old.prepaid_units or new.prepaid_remainder is distinct from old.prepaid_remainder or new.promo_units is distinct from old.promo_units or new.promo_remainder is distinct from old.promo_remainder or new.sla_units is distinct from old.sla_units or new.sla_remainder is distinct from old.sla_remainder)) execute function billing_append_only();
create trigger billing_roll_up_of before update on billing_roll_up for each row when (new.account_id is distinct from old.account_id or new.minute is distinct from old.minute or new.day is distinct from old.day or new.product_id is distinct from old.product_id or new.product_name is distinct from old.product_name or new.price_version_id is distinct from old.price_version_id or new.class is distinct from old.class or new.currency is distinct from old.currency) execute function billing_append_only();
