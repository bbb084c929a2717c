DROP TABLE award_reviews;
