create trigger billing_provider_movement_no_update before update on billing_provider_movement begin select raise(abort, 'billing_provider_movement is append-only'); end;
create trigger billing_provider_movement_no_delete before delete on billing_provider_movement begin select raise(abort, 'billing_provider_movement is append-only'); end;
create trigger billing_customer_act_no_update before update on billing_customer_act begin select raise(abort, 'billing_customer_act is append-only'); end;
create trigger billing_customer_act_no_delete before delete on billing_customer_act begin select raise(abort, 'billing_customer_act is append-only'); end;
