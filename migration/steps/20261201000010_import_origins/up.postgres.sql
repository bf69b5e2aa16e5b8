-- Where an imported record came from. An import changes only a record that an import from the same source made, and that
-- still belongs to the institution it was imported for: whoever creates records may choose their keys, and keys of
-- imports can be foreseen.
--
-- Records that were imported before this step have no origin, and nothing in the database proves that an import made
-- them: a later import reports them as conflicts and leaves them alone.

CREATE TABLE import_origins (
    -- The record's own, of the kind that `entity` names. No foreign key: there are several tables.
    uuid uuid NOT NULL,
    entity varchar(30) COLLATE "C" NOT NULL
        CONSTRAINT import_origins_entity_check CHECK (
            entity IN ('MedicalInstitution', 'Doctor', 'PatientRegister',
                       'PatientCondition', 'PatientMedication', 'PatientAllergy')),
    -- The institution that the record belonged to after the last import that wrote it.
    institution_id uuid NOT NULL,
    -- Base URL of the FHIR server; empty where the input named none.
    source varchar(500) COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT import_origins_pkey PRIMARY KEY (uuid, entity)
);
COMMENT ON TABLE import_origins IS 'tenant: of the institution that the record was imported for; where records came from';

ALTER TABLE import_origins ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- Those who may touch a single patient's record have no business here.
CREATE POLICY tenant ON import_origins
    USING (((SELECT boundary_is_all()) IS NOT NULL OR institution_id = (SELECT boundary_institution()))
           AND (SELECT boundary_has_all_patients()) IS NOT NULL);

GRANT SELECT, INSERT, UPDATE ON import_origins TO phr_server;
