-- An issued invoice keeps its number, its content and its form; only its payment goes on.
create trigger billing_invoice_issued before update on billing_invoice when old.form is not null and (
    new.form is not old.form or new.form_hash is not old.form_hash or new.number is not old.number or new.account_id is not old.account_id
    or new.net_units is not old.net_units or new.net_remainder is not old.net_remainder or new.tax_units is not old.tax_units or new.tax_remainder is not old.tax_remainder
    or new.issued_at is not old.issued_at or new.due_at is not old.due_at or new.period_start is not old.period_start or new.period_end is not old.period_end)
begin select raise(abort, 'an issued invoice is append-only'); end;
create trigger billing_invoice_kept before delete on billing_invoice when old.form is not null begin select raise(abort, 'an issued invoice is append-only'); end;
create trigger billing_invoice_line_no_update before update on billing_invoice_line begin select raise(abort, 'billing_invoice_line is append-only'); end;
create trigger billing_invoice_line_no_delete before delete on billing_invoice_line begin select raise(abort, 'billing_invoice_line is append-only'); end;
create trigger billing_credit_note_no_update before update on billing_credit_note begin select raise(abort, 'billing_credit_note is append-only'); end;
create trigger billing_credit_note_no_delete before delete on billing_credit_note begin select raise(abort, 'billing_credit_note is append-only'); end;
create trigger billing_credit_note_line_no_update before update on billing_credit_note_line begin select raise(abort, 'billing_credit_note_line is append-only'); end;
create trigger billing_credit_note_line_no_delete before delete on billing_credit_note_line begin select raise(abort, 'billing_credit_note_line is append-only'); end;
