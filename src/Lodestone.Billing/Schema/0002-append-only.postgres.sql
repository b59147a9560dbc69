-- What was booked stays booked: corrections are new rows.
create function billing_append_only() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name;
end $$;

create trigger billing_price_version_append_only before update or delete or truncate on billing_price_version for each statement execute function billing_append_only();
create trigger billing_meter_event_append_only before update or delete or truncate on billing_meter_event for each statement execute function billing_append_only();
create trigger billing_rated_row_append_only before update or delete or truncate on billing_rated_row for each statement execute function billing_append_only();
create trigger billing_ledger_transaction_append_only before update or delete or truncate on billing_ledger_transaction for each statement execute function billing_append_only();
create trigger billing_posting_append_only before update or delete or truncate on billing_posting for each statement execute function billing_append_only();
