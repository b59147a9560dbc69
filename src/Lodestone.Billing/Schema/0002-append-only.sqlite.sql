-- What was booked stays booked: corrections are new rows.
create trigger billing_price_version_no_update before update on billing_price_version begin select raise(abort, 'billing_price_version is append-only'); end;
create trigger billing_price_version_no_delete before delete on billing_price_version begin select raise(abort, 'billing_price_version is append-only'); end;
create trigger billing_meter_event_no_update before update on billing_meter_event begin select raise(abort, 'billing_meter_event is append-only'); end;
create trigger billing_meter_event_no_delete before delete on billing_meter_event begin select raise(abort, 'billing_meter_event is append-only'); end;
create trigger billing_rated_row_no_update before update on billing_rated_row begin select raise(abort, 'billing_rated_row is append-only'); end;
create trigger billing_rated_row_no_delete before delete on billing_rated_row begin select raise(abort, 'billing_rated_row is append-only'); end;
create trigger billing_ledger_transaction_no_update before update on billing_ledger_transaction begin select raise(abort, 'billing_ledger_transaction is append-only'); end;
create trigger billing_ledger_transaction_no_delete before delete on billing_ledger_transaction begin select raise(abort, 'billing_ledger_transaction is append-only'); end;
create trigger billing_posting_no_update before update on billing_posting begin select raise(abort, 'billing_posting is append-only'); end;
create trigger billing_posting_no_delete before delete on billing_posting begin select raise(abort, 'billing_posting is append-only'); end;
