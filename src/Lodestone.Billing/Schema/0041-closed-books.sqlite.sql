create trigger billing_ledger_link_no_update before update on billing_ledger_link begin select raise(abort, 'billing_ledger_link is append-only'); end;
create trigger billing_ledger_link_no_delete before delete on billing_ledger_link begin select raise(abort, 'billing_ledger_link is append-only'); end;
create trigger billing_closed_month_no_update before update on billing_closed_month begin select raise(abort, 'billing_closed_month is append-only'); end;
create trigger billing_closed_month_no_delete before delete on billing_closed_month begin select raise(abort, 'billing_closed_month is append-only'); end;
create trigger billing_ledger_transaction_closed before insert on billing_ledger_transaction
when new.effective_at < (select max(ends_at) from billing_closed_month)
begin select raise(abort, 'the accounting month is closed'); end;
