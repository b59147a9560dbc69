create trigger billing_publication_no_update before update on billing_publication begin select raise(abort, 'billing_publication is append-only'); end;
create trigger billing_publication_no_delete before delete on billing_publication begin select raise(abort, 'billing_publication is append-only'); end;
