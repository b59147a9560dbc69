create trigger billing_grant_draw_no_update before update on billing_grant_draw begin select raise(abort, 'billing_grant_draw is append-only'); end;
create trigger billing_grant_draw_no_delete before delete on billing_grant_draw begin select raise(abort, 'billing_grant_draw is append-only'); end;
