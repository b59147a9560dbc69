create trigger billing_provider_movement_append_only before update or delete or truncate on billing_provider_movement for each statement execute function billing_append_only();
create trigger billing_customer_act_append_only before update or delete or truncate on billing_customer_act for each statement execute function billing_append_only();
