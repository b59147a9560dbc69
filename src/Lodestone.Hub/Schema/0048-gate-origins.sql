-- From where a gate lets nobody in but members: a JSON object with countries, regions and eu. Null: people from everywhere may ask.
-- Beside the mode, because every door reads this row and no other before it asks who was let in.
alter table hub_repo add column gate_origins text;

-- Where they were who asked at a gate that is closed to some places, as DE or US-CA; null: it was open to all.
alter table hub_access_request add column origin text;
