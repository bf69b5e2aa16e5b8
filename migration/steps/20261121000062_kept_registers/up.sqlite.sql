-- A register that others were merged into is not deleted: it would take theirs out of sight with it.

CREATE TRIGGER patientregister_kept
BEFORE UPDATE OF deleted_at ON patientregister
WHEN NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL
     AND EXISTS (SELECT 1 FROM patientregister AS merged WHERE merged.merged_into = OLD.uuid)
BEGIN
    SELECT RAISE(ABORT, 'patientregister_merged_into_fkey');
END;
