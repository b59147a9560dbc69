-- Classes are text of any meter: what was Input and Output is input and output.
drop trigger billing_rated_row_no_update;
update billing_rated_row set class = lower(class);
create trigger billing_rated_row_no_update before update on billing_rated_row begin select raise(abort, 'billing_rated_row is append-only'); end;
update billing_rating_total set class = lower(class);
