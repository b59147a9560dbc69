create trigger billing_ledger_link_append_only before update or delete or truncate on billing_ledger_link for each statement execute function billing_append_only();
create trigger billing_closed_month_append_only before update or delete or truncate on billing_closed_month for each statement execute function billing_append_only();
create function billing_month_is_open() returns trigger language plpgsql as $$
begin
    if new.effective_at < (select max(ends_at) from billing_closed_month) then
        raise exception 'the accounting month is closed';
    end if;
    return new;
end $$;
create trigger billing_ledger_transaction_closed before insert on billing_ledger_transaction for each row execute function billing_month_is_open();
