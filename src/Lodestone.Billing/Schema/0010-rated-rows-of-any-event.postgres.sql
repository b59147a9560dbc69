-- Rated rows are of any event, not of calls alone, and a correction may take quantities back.
alter table billing_rated_row drop constraint billing_rated_row_event_id_fkey;
alter table billing_rated_row drop constraint billing_rated_row_quantity_check;
