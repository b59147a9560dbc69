create trigger billing_publication_append_only before update or delete or truncate on billing_publication for each statement execute function billing_append_only();
