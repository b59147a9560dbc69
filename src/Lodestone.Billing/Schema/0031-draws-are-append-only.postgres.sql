create trigger billing_grant_draw_append_only before update or delete or truncate on billing_grant_draw for each statement execute function billing_append_only();
