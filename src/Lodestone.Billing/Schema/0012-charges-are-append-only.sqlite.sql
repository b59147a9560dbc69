create trigger billing_charge_no_update before update on billing_charge begin select raise(abort, 'billing_charge is append-only'); end;
create trigger billing_charge_no_delete before delete on billing_charge begin select raise(abort, 'billing_charge is append-only'); end;
