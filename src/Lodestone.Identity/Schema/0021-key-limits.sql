-- Until when a token is good, and from where; null for always and anywhere.
alter table identity_access_token add column expires_at timestamptz;
alter table identity_access_token add column addresses text;
