-- Rated rows are of any event, not of calls alone, and a correction may take quantities back.
create table billing_rated_row_new (
    event_id uuid not null,
    class text not null,
    account_id uuid not null,
    seller_id uuid not null,
    product_id uuid not null,
    day bigint not null,
    price_version_id uuid not null,
    quantity bigint not null,
    currency text not null,
    list_units bigint not null,
    list_remainder bigint not null,
    free_units bigint not null,
    free_remainder bigint not null,
    amount_units bigint not null,
    amount_remainder bigint not null,
    primary key (event_id, class)
);
insert into billing_rated_row_new select * from billing_rated_row;
drop table billing_rated_row;
alter table billing_rated_row_new rename to billing_rated_row;
create index billing_rated_row_account on billing_rated_row (account_id, day);
create index billing_rated_row_seller on billing_rated_row (seller_id, day);
create trigger billing_rated_row_no_update before update on billing_rated_row begin select raise(abort, 'billing_rated_row is append-only'); end;
create trigger billing_rated_row_no_delete before delete on billing_rated_row begin select raise(abort, 'billing_rated_row is append-only'); end;
