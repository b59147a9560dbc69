-- A call of an account with terms: what its allowances were promised to cover, so that others do not use it meanwhile.
alter table billing_call_hold add column has_terms boolean not null default false;
alter table billing_call_hold add column free_input bigint not null default 0;
alter table billing_call_hold add column free_output bigint not null default 0;
