create trigger billing_charge_append_only before update or delete or truncate on billing_charge for each statement execute function billing_append_only();
