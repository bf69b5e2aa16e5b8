-- Where an imported record came from. An import changes only a record that an import from the same source made, and that
-- still belongs to the institution it was imported for: whoever creates records may choose their keys, and keys of
-- imports can be foreseen.
--
-- Records that were imported before this step have no origin, and nothing in the database proves that an import made
-- them: a later import reports them as conflicts and leaves them alone.

CREATE TABLE import_origins (
    -- The record's own, of the kind that `entity` names. No foreign key: there are several tables.
    uuid BLOB NOT NULL
        CONSTRAINT import_origins_uuid_check CHECK (typeof(uuid) = 'blob' AND length(uuid) = 16),
    entity TEXT NOT NULL
        CONSTRAINT import_origins_entity_check CHECK (
            entity IN ('MedicalInstitution', 'Doctor', 'PatientRegister',
                       'PatientCondition', 'PatientMedication', 'PatientAllergy')),
    -- The institution that the record belonged to after the last import that wrote it.
    institution_id BLOB NOT NULL
        CONSTRAINT import_origins_institution_id_check CHECK (
            typeof(institution_id) = 'blob' AND length(institution_id) = 16),
    -- Base URL of the FHIR server; empty where the input named none.
    source TEXT NOT NULL
        CONSTRAINT import_origins_source_check CHECK (length(source) <= 500),
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))
        CONSTRAINT import_origins_created_at_check CHECK (
            created_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]+00:00'
            AND substr(created_at, 1, 19) IS strftime('%Y-%m-%dT%H:%M:%S', substr(created_at, 1, 19), '+0 days')),
    CONSTRAINT import_origins_pkey PRIMARY KEY (uuid, entity)
) STRICT, WITHOUT ROWID;
