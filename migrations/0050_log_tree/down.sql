DROP TRIGGER log_pending_is_kept ON log_pending;
CREATE TRIGGER log_pending_is_kept BEFORE UPDATE OR DELETE ON log_pending
    FOR EACH ROW EXECUTE FUNCTION log_is_kept();
DROP FUNCTION log_entry_is_kept();
DROP TABLE log_cosig, log_checkpoint, log_hash, log_leaf, log_book;
