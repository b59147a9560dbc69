-- How many calls a back-end answers at once; null for as many as come.
alter table gateway_remote_backend add column seats bigint;
