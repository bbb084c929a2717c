DROP TABLE tender_events, tender_clarifications, tender_places, tender_intake, tenders;
DROP SEQUENCE tender_serials;
