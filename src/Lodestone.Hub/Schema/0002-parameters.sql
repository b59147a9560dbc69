-- How many parameters the weights on main have, for lists; null where the files do not say.
alter table hub_repo add column parameters bigint;
