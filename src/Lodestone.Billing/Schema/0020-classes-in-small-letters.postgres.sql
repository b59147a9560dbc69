-- Classes are text of any meter: what was Input and Output is input and output.
drop trigger billing_rated_row_append_only on billing_rated_row;
update billing_rated_row set class = lower(class);
create trigger billing_rated_row_append_only before update or delete or truncate on billing_rated_row for each statement execute function billing_append_only();
update billing_rating_total set class = lower(class);
