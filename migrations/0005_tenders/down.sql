DROP TABLE tender_clarifications, tender_places, tender_intake, tenders;
