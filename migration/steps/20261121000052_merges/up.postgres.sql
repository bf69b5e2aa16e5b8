-- Two registers of the same patient become one: what belongs to the one moves to the other, which is kept, and it is
-- remembered what moved, so that it can be undone.

ALTER TABLE patientregister ADD COLUMN merged_into uuid
    CONSTRAINT patientregister_merged_into_fkey REFERENCES patientregister ON DELETE RESTRICT
    CONSTRAINT patientregister_merged_into_check CHECK (merged_into <> uuid);
CREATE INDEX patientregister_merged_into_idx ON patientregister (merged_into) WHERE merged_into IS NOT NULL;

-- Into a register of the same institution, which is there and was not merged itself: so there are no circles.
CREATE FUNCTION check_merged_into() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.patientregister AS kept
                    WHERE kept.uuid = NEW.merged_into AND kept.institution_id = NEW.institution_id
                      AND kept.merged_into IS NULL AND kept.deleted_at IS NULL) THEN
        RAISE EXCEPTION 'a register is merged into one of its institution that was not merged itself'
            USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME,
                  COLUMN = 'merged_into', CONSTRAINT = 'patientregister_merged_into_check';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER patientregister_merged BEFORE INSERT OR UPDATE OF merged_into ON patientregister
    FOR EACH ROW WHEN (NEW.merged_into IS NOT NULL) EXECUTE FUNCTION check_merged_into();

CREATE TABLE patient_merges (
    uuid uuid DEFAULT uuid_generate_v4() CONSTRAINT patient_merges_pkey PRIMARY KEY,
    -- Of the register that was kept.
    institution_id uuid NOT NULL
        CONSTRAINT patient_merges_institution_id_fkey REFERENCES medical_institutions ON DELETE RESTRICT,
    kept_id uuid NOT NULL
        CONSTRAINT patient_merges_kept_id_fkey REFERENCES patientregister ON DELETE CASCADE,
    merged_id uuid NOT NULL
        CONSTRAINT patient_merges_merged_id_fkey REFERENCES patientregister ON DELETE CASCADE
        CONSTRAINT patient_merges_merged_id_check CHECK (merged_id <> kept_id),
    reason varchar(500) COLLATE "C"
        CONSTRAINT patient_merges_reason_check CHECK (text_is_valid(reason)),
    -- No foreign key: the history outlives users.
    actor_id uuid NOT NULL,
    -- A list: table and key of each row that moved.
    moved text NOT NULL
        CONSTRAINT patient_merges_moved_check CHECK (jsonb_typeof(moved::jsonb) = 'array'),
    undone_at timestamptz,
    undone_by uuid,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT patient_merges_undone_check CHECK ((undone_at IS NULL) = (undone_by IS NULL))
);
CREATE INDEX patient_merges_institution_id_idx ON patient_merges (institution_id, created_at, uuid);
CREATE INDEX patient_merges_kept_id_idx ON patient_merges (kept_id);
-- A register is part of another as often as it likes, and of one at a time.
CREATE UNIQUE INDEX patient_merges_merged_id_key ON patient_merges (merged_id) WHERE undone_at IS NULL;
COMMENT ON TABLE patient_merges IS 'tenant: of the institution that the kept register belongs to';

CREATE TRIGGER patientregister_moved_merges AFTER UPDATE OF institution_id ON patientregister
    FOR EACH ROW WHEN (NEW.institution_id <> OLD.institution_id)
    EXECUTE FUNCTION move_with_patient('patient_merges', 'kept_id');

-- The institution is the kept register's own, always.
CREATE FUNCTION check_merge_institution() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    IF NEW.institution_id IS DISTINCT FROM
       (SELECT kept.institution_id FROM public.patientregister AS kept WHERE kept.uuid = NEW.kept_id) THEN
        RAISE EXCEPTION 'a merger belongs to the institution of the register that was kept'
            USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME,
                  COLUMN = 'institution_id', CONSTRAINT = 'patient_merges_institution_id_check';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER patient_merges_institution BEFORE INSERT OR UPDATE OF kept_id, institution_id ON patient_merges
    FOR EACH ROW EXECUTE FUNCTION check_merge_institution();

REVOKE EXECUTE ON FUNCTION check_merged_into(), check_merge_institution() FROM PUBLIC;

CREATE TRIGGER patient_merges_version BEFORE UPDATE ON patient_merges
    FOR EACH ROW EXECUTE FUNCTION keep_version();
CREATE TRIGGER patient_merges_change AFTER INSERT OR UPDATE OR DELETE ON patient_merges
    FOR EACH ROW EXECUTE FUNCTION append_change('PatientMerge', 'institution_id');

ALTER TABLE patient_merges ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON patient_merges
    USING (((SELECT boundary_is_all()) IS NOT NULL OR institution_id = (SELECT boundary_institution()))
           AND ((SELECT boundary_has_all_patients()) IS NOT NULL
                OR kept_id = (SELECT boundary_patient()) OR merged_id = (SELECT boundary_patient())));
CREATE POLICY owners_triggers_move ON patient_merges TO phr_owner
    USING ((SELECT pg_trigger_depth()) > 0);

GRANT SELECT, INSERT, UPDATE ON patient_merges TO phr_server;
