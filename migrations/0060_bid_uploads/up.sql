-- Uploads 上传: a large ciphertext comes in chunks, in any order, before the submission that names it.

-- How large a bid may be is the policy's to say; this is the most that any policy's numbers come to.
ALTER TABLE bids
    DROP CONSTRAINT bids_payload_fits,
    ADD CONSTRAINT bids_payload_fits CHECK (payload_size BETWEEN 1 AND 1073741824);

-- Unaudited, since what serves no bid is removed: `bids.payload_sha256` pins the bytes of what does.
CREATE TABLE bid_uploads (
    id uuid PRIMARY KEY,
    tender_id uuid NOT NULL CONSTRAINT bid_uploads_tender REFERENCES tenders (id),
    bidder_id uuid NOT NULL CONSTRAINT bid_uploads_bidder REFERENCES organisations (id),
    part text NOT NULL CONSTRAINT bid_uploads_part_short CHECK (length(part) BETWEEN 1 AND 32),
    -- The quota: a bidder's uploads for a tender that serve no bid yet have a number each.
    slot integer NOT NULL CONSTRAINT bid_uploads_quota CHECK (slot BETWEEN 1 AND 4),
    size integer NOT NULL CONSTRAINT bid_uploads_size_fits CHECK (size BETWEEN 1 AND 1073741824),
    begun_at timestamptz NOT NULL,
    begun_by uuid NOT NULL CONSTRAINT bid_uploads_account REFERENCES accounts (id),
    -- Once every chunk is there.
    sha256 bytea CONSTRAINT bid_uploads_sha256_is_sha256 CHECK (octet_length(sha256) = 32),
    whole_at timestamptz,
    -- The bid that took it over.
    bid_id uuid CONSTRAINT bid_uploads_serves_one UNIQUE CONSTRAINT bid_uploads_bid REFERENCES bids (id),
    CONSTRAINT bid_uploads_whole CHECK ((sha256 IS NULL) = (whole_at IS NULL)),
    CONSTRAINT bid_uploads_bid_has_whole CHECK (bid_id IS NULL OR sha256 IS NOT NULL)
);
CREATE UNIQUE INDEX bid_uploads_slot_once ON bid_uploads (tender_id, bidder_id, slot) WHERE bid_id IS NULL;

CREATE TABLE bid_chunks (
    upload_id uuid NOT NULL CONSTRAINT bid_chunks_upload REFERENCES bid_uploads (id),
    n integer NOT NULL CONSTRAINT bid_chunks_n_counts CHECK (n >= 0),
    sha256 bytea NOT NULL CONSTRAINT bid_chunks_sha256_is_sha256 CHECK (octet_length(sha256) = 32),
    bytes bytea NOT NULL CONSTRAINT bid_chunks_fit CHECK (octet_length(bytes) BETWEEN 1 AND 8388608),
    CONSTRAINT bid_chunks_once PRIMARY KEY (upload_id, n)
);
-- Ciphertext does not compress.
ALTER TABLE bid_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- What has been hashed stays as it was hashed, and what a bid has taken over stays.
CREATE FUNCTION bid_uploads_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.bid_id IS NOT NULL
        OR (TG_OP = 'UPDATE' AND OLD.sha256 IS NOT NULL
            AND (NEW.sha256, NEW.size) IS DISTINCT FROM (OLD.sha256, OLD.size)) THEN
        RAISE EXCEPTION 'an upload is kept as it was hashed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bid_uploads_stay';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER bid_uploads_stay BEFORE UPDATE OR DELETE ON bid_uploads
    FOR EACH ROW EXECUTE FUNCTION bid_uploads_stay();

CREATE FUNCTION bid_chunks_stay() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    upload uuid := CASE TG_OP WHEN 'INSERT' THEN NEW.upload_id ELSE OLD.upload_id END;
BEGIN
    PERFORM 1 FROM bid_uploads u
      WHERE u.id = upload AND (u.bid_id IS NOT NULL OR (u.sha256 IS NOT NULL AND TG_OP <> 'DELETE'));
    IF FOUND THEN
        RAISE EXCEPTION 'the chunks of a whole upload are kept'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bid_chunks_stay';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER bid_chunks_stay BEFORE INSERT OR UPDATE OR DELETE ON bid_chunks
    FOR EACH ROW EXECUTE FUNCTION bid_chunks_stay();

GRANT SELECT, INSERT, DELETE ON bid_uploads, bid_chunks TO tenderhall_app;
GRANT UPDATE (sha256, whole_at, bid_id) ON bid_uploads TO tenderhall_app;
GRANT UPDATE (sha256, bytes) ON bid_chunks TO tenderhall_app;
