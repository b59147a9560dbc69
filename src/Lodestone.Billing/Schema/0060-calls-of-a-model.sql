-- How much a model is called, day by day.
create index billing_meter_event_product on billing_meter_event (product_id, day);
