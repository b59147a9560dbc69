-- An issued invoice keeps its number, its content and its form; only its payment goes on.
create trigger billing_invoice_issued before update on billing_invoice for each row when (old.form is not null and (
    new.form is distinct from old.form or new.form_hash is distinct from old.form_hash or new.number is distinct from old.number or new.account_id is distinct from old.account_id
    or new.net_units is distinct from old.net_units or new.net_remainder is distinct from old.net_remainder or new.tax_units is distinct from old.tax_units or new.tax_remainder is distinct from old.tax_remainder
    or new.issued_at is distinct from old.issued_at or new.due_at is distinct from old.due_at or new.period_start is distinct from old.period_start or new.period_end is distinct from old.period_end))
    execute function billing_append_only();
create trigger billing_invoice_kept before delete on billing_invoice for each row when (old.form is not null) execute function billing_append_only();
create trigger billing_invoice_line_append_only before update or delete or truncate on billing_invoice_line for each statement execute function billing_append_only();
create trigger billing_credit_note_append_only before update or delete or truncate on billing_credit_note for each statement execute function billing_append_only();
create trigger billing_credit_note_line_append_only before update or delete or truncate on billing_credit_note_line for each statement execute function billing_append_only();
